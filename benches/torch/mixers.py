"""The models of `mixers.rs` in PyTorch, eager, f32, from the same weights: mixers.py FOLDER CONTEXT THREADS STEPS [MODEL..]

FOLDER is what `mixers weights FOLDER` wrote. The delta rule is computed in chunks of 32 by tensor operations, as one would
write it without kernels of one's own; attention is torch's own.
"""
import sys
import time

import torch
import torch.nn.functional as F

folder, context, threads, steps = sys.argv[1], *map(int, sys.argv[2:5])
torch.set_num_threads(threads)
D, LAYERS, HEAD, HEADS, CHUNK, EXPERTS, CHOSEN = 128, 4, 32, 4, 32, 64, 8
PATTERNS = {
    "attention": ["attention"],
    "mla": ["mla"],
    "gdn": ["gdn"],
    "kda": ["kda"],
    "hybrid": ["kda", "kda", "kda", "nope"],
    "moe": ["attention"],
}


def load(name):
    weights, at = {}, 0
    numbers = torch.from_file(f"{folder}/{name}-{context}.bin", size=size(name), dtype=torch.float32)
    for line in open(f"{folder}/{name}-{context}.txt"):
        key, rows, columns = line.split()
        rows, columns = int(rows), int(columns)
        part = numbers[at : at + rows * columns].clone()
        weights[key] = torch.nn.Parameter(part.view(rows, columns).squeeze(0))
        at += rows * columns
    return weights


def size(name):
    return sum(int(r) * int(c) for _, r, c in (line.split() for line in open(f"{folder}/{name}-{context}.txt")))


def rms(x, weight):
    return F.rms_norm(x, weight.shape, weight, 1e-5)


def rotate(x):
    """Positions on the last axis of [.., T, d], pairs (i, i + d/2)."""
    d = x.shape[-1]
    angles = torch.arange(x.shape[-2])[:, None] * 1e4 ** (-torch.arange(0, d, 2) / d)
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def heads(x, width):
    return x.view(*x.shape[:2], -1, width).transpose(1, 2)


def attention(x, w):
    q, k, v = F.linear(x, w("qkv")).chunk(3, -1)
    q, k, v = rotate(heads(q, HEAD)), rotate(heads(k, HEAD)), heads(v, HEAD)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)


def mla(x, w, turned):
    rope, latent = HEAD // 2, 4 * HEAD
    q, c, shared = F.linear(x, w("down_qkv")).split([HEADS * (HEAD + rope), latent, rope], -1)
    k, v = F.linear(rms(c, w("norm_kv")), w("up_kv")).chunk(2, -1)
    q, k, v, shared = heads(q, HEAD + rope), heads(k, HEAD), heads(v, HEAD), shared.unsqueeze(1)
    if turned:
        q, shared = torch.cat([q[..., :HEAD], rotate(q[..., HEAD:])], -1), rotate(shared)
    k = torch.cat([k, shared.expand(-1, HEADS, -1, -1)], -1)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)


def delta_rule(q, k, v, g, beta):
    """[B, H, T, .]; g of one column or one for each of k's. The chunk form of arXiv 2510.26692, section 3."""
    B, H, T, K = q.shape
    cut = lambda x: x.reshape(B, H, T // CHUNK, CHUNK, x.shape[-1])
    q, k, v, g, beta = map(cut, (q * K**-0.5, k, v, g, beta))
    g = g.cumsum(-2)
    below = torch.ones(CHUNK, CHUNK).tril().bool()
    if g.shape[-1] == 1:
        decay = (g - g.transpose(-1, -2)).masked_fill(~below, -torch.inf).exp()
        reads = (q @ k.transpose(-1, -2)) * decay
        pairs = (k @ k.transpose(-1, -2)) * decay
    else:
        decay = (g[..., :, None, :] - g[..., None, :, :]).masked_fill(~below[:, :, None], -torch.inf).exp()
        faded = decay * k[..., None, :, :]
        reads = (faded @ q[..., :, :, None]).squeeze(-1)
        pairs = (faded @ k[..., :, :, None]).squeeze(-1)
    system = torch.eye(CHUNK) + beta * pairs.tril(-1)
    since, until = g.exp(), (g[..., -1:, :] - g).exp()
    both = torch.linalg.solve_triangular(system, torch.cat([beta * v, beta * (since * k)], -1), upper=False)
    u, w = both.split([v.shape[-1], K], -1)
    reads_state, writes, all = since * q, (until * k).transpose(-1, -2), g[..., -1, :].exp().unsqueeze(-1)
    state, out = torch.zeros(B, H, K, v.shape[-1]), []
    for i in range(T // CHUNK):
        written = u[:, :, i] - w[:, :, i] @ state
        out.append(reads_state[:, :, i] @ state + reads[:, :, i] @ written)
        state = all[:, :, i] * state + writes[:, :, i] @ written
    return torch.stack(out, 2).reshape(B, H, T, -1)


def delta(x, w, wide):
    T, to_decay = x.shape[1], HEAD if wide else HEADS
    shaped, beta, raw, gate = F.linear(x, w("taken")).split([3 * D, HEADS, to_decay, HEAD], -1)
    taps = w("kernels").shape[-1]
    shaped = F.conv1d(F.pad(shaped.transpose(1, 2), (taps - 1, 0)), w("kernels").unsqueeze(1), groups=3 * D)
    q, k, v = (heads(part, HEAD) for part in F.silu(shaped.transpose(1, 2)).chunk(3, -1))
    length = lambda x: x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)
    if wide:
        raw = F.linear(raw, w("decays"))
    g = heads(F.softplus(raw + w("decay_bias")), raw.shape[-1] // HEADS) * -w("rate").exp()[:, None, None]
    o = delta_rule(length(q), length(k), v, g, heads(beta.sigmoid(), 1))
    o = rms(o, w("norm_out")).transpose(1, 2).flatten(2)
    return o * F.linear(gate, w("gates")).sigmoid()


def experts(x, w):
    flat = x.reshape(-1, D)
    scores = F.linear(flat, w("router")).sigmoid()
    chosen = (scores + w("balance")).topk(CHOSEN, -1).indices
    gates = scores.gather(-1, chosen)
    gates = gates / gates.sum(-1, keepdim=True)
    gate_up, down = w("experts_gate_up").view(EXPERTS, -1, D), w("experts_down").view(EXPERTS, D, -1)
    out = torch.zeros_like(flat)
    for i in range(EXPERTS):
        token, place = (chosen == i).nonzero(as_tuple=True)
        a, b = F.linear(flat[token], gate_up[i]).chunk(2, -1)
        out = out.index_add(0, token, gates[token, place, None] * F.linear(F.silu(a) * b, down[i]))
    return out.view_as(x)


def loss_of(weights, pattern, inputs, targets):
    h = F.embedding(inputs, weights["embedding"])
    for i in range(LAYERS):
        w = lambda name: weights[f"blocks.{i}.{name}"]
        kind, x = pattern[i % len(pattern)], rms(h, w("norm_1"))
        if kind == "attention":
            mixed = attention(x, w)
        elif kind in ("mla", "nope"):
            mixed = mla(x, w, kind == "mla")
        else:
            mixed = delta(x, w, kind == "kda")
        h = h + F.linear(mixed, w("out"))
        x = rms(h, w("norm_2"))
        if f"blocks.{i}.router" in weights:
            h = h + experts(x, w)
        else:
            gate, up = F.linear(x, w("gate_up")).chunk(2, -1)
            h = h + F.linear(F.silu(gate) * up, w("down"))
    logits = F.linear(rms(h, weights["norm"]), weights["head"])
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


for name in sys.argv[5:] or PATTERNS:
    weights = load(name)
    tokens = torch.from_file(f"{folder}/{name}-{context}.tokens", size=2 * 4096, dtype=torch.int32).long()
    inputs, targets = tokens.view(2, -1, context)
    learnt = [p for key, p in weights.items() if not key.endswith("balance")]
    optimiser = torch.optim.AdamW(learnt, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0, fused=True)
    walls, cpus, losses = [], [], []
    for _ in range(steps):
        wall, cpu = time.perf_counter(), time.process_time()
        optimiser.zero_grad(set_to_none=True)
        loss = loss_of(weights, PATTERNS[name], inputs, targets)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    print(
        f"{context:5} {name:9} | {min(walls) * 1e3:8.1f} {min(cpus) * 1e3:8.1f} ms | "
        f"first losses {losses[0]:.5f} {losses[min(1, steps - 1)]:.5f}"
    )
