"""The early fusion of `fusion.rs` in PyTorch, eager, f32, from the same weights: fusion.py FOLDER THREADS STEPS

FOLDER is what `fusion weights FOLDER` wrote. Attention is torch's own, with a mask: a patch reads its picture, text what stands
before it.
"""
import sys
import time

import torch
import torch.nn.functional as F

folder, threads, steps = sys.argv[1], *map(int, sys.argv[2:4])
torch.set_num_threads(threads)
LAYERS, HEAD, WINDOWS, PATCHES, TEXT, SIDE, PATCH = 4, 32, 32, 64, 64, 64, 8
LENGTH = PATCHES + TEXT

weights, at = {}, 0
shapes = [line.split() for line in open(f"{folder}/early.txt")]
count = sum(int(r) * int(c) for _, r, c in shapes)
numbers = torch.from_file(f"{folder}/early.bin", size=count, dtype=torch.float32)
for key, rows, columns in shapes:
    rows, columns = int(rows), int(columns)
    weights[key] = torch.nn.Parameter(numbers[at : at + rows * columns].clone().view(rows, columns).squeeze(0))
    at += rows * columns
tokens = torch.from_file(f"{folder}/early.tokens", size=2 * WINDOWS * LENGTH, dtype=torch.int32).long()
inputs, targets = tokens.view(2, WINDOWS, LENGTH)
targets = targets.where(targets >= 0, -100)
pixels = torch.from_file(f"{folder}/early.pixels", size=WINDOWS * 3 * SIDE * SIDE, dtype=torch.uint8)
pictures = pixels.view(WINDOWS, 3, SIDE, SIDE).float() / 127.5 - 1
number = torch.arange(LENGTH)
mask = (number[None] <= number[:, None]) | ((number[None] < PATCHES) & (number[:, None] < PATCHES))


def rms(x, weight):
    return F.rms_norm(x, weight.shape, weight, 1e-5)


def rotate(x):
    """Positions on the last axis of [.., T, d], pairs (i, i + d/2)."""
    d = x.shape[-1]
    angles = torch.arange(x.shape[-2])[:, None] * 1e4 ** (-torch.arange(0, d, 2) / d)
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def heads(x):
    return x.view(*x.shape[:2], -1, HEAD).transpose(1, 2)


def loss_of():
    h = F.embedding(inputs, weights["embedding"])
    patches = F.conv2d(pictures, weights["patches"].view(-1, 3, PATCH, PATCH), stride=PATCH).flatten(2).transpose(1, 2)
    h = torch.cat([h[:, :PATCHES] + patches, h[:, PATCHES:]], 1)
    for i in range(LAYERS):
        w = lambda name: weights[f"blocks.{i}.{name}"]
        q, k, v = map(heads, F.linear(rms(h, w("norm_1")), w("qkv")).chunk(3, -1))
        q, k = rotate(rms(q, w("norm_q"))), rotate(rms(k, w("norm_k")))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)
        h = h + F.linear(mixed, w("out"))
        gate, up = F.linear(rms(h, w("norm_2")), w("gate_up")).chunk(2, -1)
        h = h + F.linear(F.silu(gate) * up, w("down"))
    logits = F.linear(rms(h, weights["norm"]), weights["head"])
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


optimiser = torch.optim.AdamW(weights.values(), lr=1e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0, fused=True)
walls, cpus, losses = [], [], []
for _ in range(steps):
    wall, cpu = time.perf_counter(), time.process_time()
    optimiser.zero_grad(set_to_none=True)
    loss = loss_of()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
    walls.append(time.perf_counter() - wall)
    cpus.append(time.process_time() - cpu)
x, y = torch.randn(512, 512), torch.randn(512, 512)
best = 0.0
for _ in range(20):
    start = time.perf_counter()
    for _ in range(5):
        x @ y
    best = max(best, 5 * 2e-9 * 512**3 / (time.perf_counter() - start))
print(f"{min(walls) * 1e3:.1f} ms, {min(cpus) * 1e3:.1f} CPU ms, its matmul at 512: {best:.0f} GFLOP/s; losses {losses[0]:.5f} {losses[1]:.5f}")
