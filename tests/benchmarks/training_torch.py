#!/usr/bin/python3
"""The networks of training.cpp in PyTorch, for comparison by hand on the same machine: time of a step with Adam, 1 and 2 threads."""
import sys
import time

try:
    import torch
except ImportError:
    print("skipped: PyTorch is not installed (Debian: apt install python3-torch libopenblas0-pthread)")
    sys.exit(0)

NETWORKS = [("1-2-1, batch 16", [1, 2, 1], 16, 700), ("128-256-256-128, batch 64", [128, 256, 256, 128], 64, 100),
            ("1000-2048-2048-1000, 128", [1000, 2048, 2048, 1000], 128, 5)]


def step_time(widths, batch, steps):
    torch.manual_seed(1)
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.Tanh()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x, y = torch.randn(batch, widths[0]), torch.randn(batch, widths[-1])
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(model(x), y).backward()
            optimizer.step()
        best = min(best, (time.perf_counter() - start) / steps)
    return best


for threads in (1, 2):
    torch.set_num_threads(threads)
    for name, widths, batch, steps in NETWORKS:
        print(f"{name:<26} {threads:>2} thread(s) {step_time(widths, batch, steps) * 1e3:12.4f} ms a step   PyTorch {torch.__version__}")
