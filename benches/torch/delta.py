"""The first case of `delta.rs` in PyTorch, eager, f32, one step after the other as the recurrence is written: delta.py THREADS ROUNDS

Batch 32, 8 heads, 128 tokens, K = V = 32, a decay for every channel; forward and backward.
"""
import sys
import time

import torch

threads, rounds = map(int, sys.argv[1:3])
torch.set_num_threads(threads)
torch.manual_seed(1)
B, H, T, D = 32, 8, 128, 32
q = torch.randn(B, H, T, D, requires_grad=True)
k = torch.nn.functional.normalize(torch.randn(B, H, T, D), dim=-1).requires_grad_()
v = torch.randn(B, H, T, D, requires_grad=True)
g = torch.empty(B, H, T, D).uniform_(-0.11, -0.01).requires_grad_()
beta = torch.empty(B, H, T).uniform_(0.3, 0.7).requires_grad_()
cotangent = torch.randn(B, H, T, D)

walls, cpus = [], []
for _ in range(rounds):
    for x in (q, k, v, g, beta):
        x.grad = None
    begun, used = time.perf_counter(), time.process_time()
    state, out = torch.zeros(B, H, D, D), []
    for t in range(T):
        state = state * g[:, :, t, :, None].exp()
        error = v[:, :, t] - torch.einsum("bhij,bhi->bhj", state, k[:, :, t])
        state = state + k[:, :, t, :, None] * (beta[:, :, t, None] * error)[:, :, None, :]
        out.append(torch.einsum("bhij,bhi->bhj", state, q[:, :, t]) * D**-0.5)
    (torch.stack(out, 2) * cotangent).sum().backward()
    walls.append(time.perf_counter() - begun)
    cpus.append(time.process_time() - used)
print(f"PyTorch {torch.__version__}, {threads} threads: best {min(walls) * 1e3:.0f} ms, CPU {min(cpus) * 1e3:.0f} ms")
