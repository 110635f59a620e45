"""The model of `step.rs` in PyTorch, eager, f32: step.py WIDTH LAYERS STEPS THREADS WEIGHTS

Draws initial weights, writes them to the file WEIGHTS for `step WIDTH weights WEIGHTS`, trains, prints times and losses.
"""
import resource
import sys
import time

import torch
import torch.nn.functional as F

d, layers, steps, threads = map(int, sys.argv[1:5])
V, T, B, HEAD = 256, 128, 32, 32
torch.set_num_threads(threads)
torch.manual_seed(1)


def batches(n):
    """Bytes with a rule: the next is 5 times this one plus 17 plus 0 to 3."""
    state, out = 12345, torch.zeros(n, B, T + 1, dtype=torch.int64)
    for i in range(n):
        for b in range(B):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            token = (state >> 33) & 255
            for t in range(T + 1):
                out[i, b, t] = token
                state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
                token = (token * 5 + 17 + ((state >> 33) & 3)) & 255
    return out


def normal(*shape):
    return torch.nn.Parameter(torch.randn(*shape) * 0.02)


def norm():
    return [torch.nn.Parameter(torch.ones(d)), torch.nn.Parameter(torch.zeros(d))]


ps = [normal(V, d), normal(T, d)]
for _ in range(layers):
    ps += norm() + [normal(3 * d, d), normal(d, d)] + norm() + [normal(4 * d, d), normal(d, 4 * d)]
ps += norm()
with open(sys.argv[5], "wb") as f:
    for p in ps:
        f.write(p.detach().numpy().tobytes())
optimiser = torch.optim.AdamW(ps, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, fused=True)


def loss_of(x, y):
    h = F.embedding(x, ps[0]) + ps[1]
    for i in range(layers):
        g1, b1, qkv, out, g2, b2, up, down = ps[2 + 8 * i : 10 + 8 * i]
        q, k, v = F.linear(F.layer_norm(h, (d,), g1, b1), qkv).view(B, T, 3, d // HEAD, HEAD).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, d)
        h = h + F.linear(a, out)
        h = h + F.linear(F.gelu(F.linear(F.layer_norm(h, (d,), g2, b2), up), approximate="tanh"), down)
    logits = F.linear(F.layer_norm(h, (d,), ps[-2], ps[-1]), ps[0])
    return F.cross_entropy(logits.view(-1, V), y.reshape(-1))


data = batches(8)
walls, cpus, losses = [], [], []
for i in range(steps):
    wall, cpu = time.perf_counter(), time.process_time()
    optimiser.zero_grad(set_to_none=True)
    loss = loss_of(data[i % 8, :, :-1], data[i % 8, :, 1:])
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
    walls.append(time.perf_counter() - wall)
    cpus.append(time.process_time() - cpu)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(
    f"PyTorch {torch.__version__}, {threads} threads, {d} x {layers}: best {min(walls) * 1e3:.1f} ms, CPU {min(cpus) * 1e3:.1f} ms, "
    f"{memory:.0f} MiB; losses {losses[0]:.5f} {losses[min(4, steps - 1)]:.5f} {losses[min(9, steps - 1)]:.5f} ... {losses[-1]:.5f}"
)
