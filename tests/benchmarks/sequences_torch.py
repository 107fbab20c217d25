#!/usr/bin/python3
"""The networks of sequences.cpp in PyTorch: the best time of a training step with Adam (fused where there is one), 1 and 2 threads."""
import sys
import time

try:
    import torch
except ImportError:
    print("skipped: PyTorch is not installed (Debian: apt install python3-torch libopenblas0-pthread)")
    sys.exit(0)

F = torch.nn.functional


class Convolutions(torch.nn.Module):
    def __init__(self, filters, kernel):
        super().__init__()
        channels = [1278] + filters
        self.layers = torch.nn.ModuleList(torch.nn.Conv1d(a, b, k) for a, b, k in zip(channels, filters, kernel))
        self.readout = torch.nn.Conv1d(filters[-1], 2, 1)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(F.pad(x, (layer.kernel_size[0] - 1, 0))))
        return self.readout(x)


class Recurrent(torch.nn.Module):
    def __init__(self, cell, units):
        super().__init__()
        self.cell = getattr(torch.nn, cell)(64, units, batch_first=True)
        self.readout = torch.nn.Linear(units, 8)

    def forward(self, x):
        return self.readout(self.cell(x)[0])


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v > 0).to(v.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (v,) = ctx.saved_tensors
        return gradient * 10 / (1 + (10 * v).abs()) ** 2


class Spiking(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.readout = torch.nn.Linear(100, 256), torch.nn.Linear(256, 20)

    def forward(self, x):
        current = self.hidden(x)
        v = s = filtered = torch.zeros_like(current[:, 0])
        out = []
        for t in range(x.shape[1]):
            v = 0.951 * v + current[:, t] - s
            s = Spike.apply(v - 1)
            filtered = 0.951 * filtered + s
            out.append(filtered)
        return self.readout(torch.stack(out, 1))


def step_time(model, x, y, loss, steps):
    try:
        optimizer = torch.optim.Adam(model.parameters(), fused=True)
    except (TypeError, RuntimeError):
        optimizer = torch.optim.Adam(model.parameters())
    best = float("inf")
    for _ in range(steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
        best = min(best, time.perf_counter() - start)
    return best


torch.manual_seed(1)
spikes = (torch.rand(8, 1278, 400) < 0.012).float(), (torch.rand(8, 2, 400) < 0.02).float()
signals = torch.randn(32, 200, 64), (torch.rand(32, 200, 8) < 0.02).float()
trains = (torch.rand(64, 100, 100) < 0.05).float(), (torch.rand(64, 100, 20) < 0.02).float()
bce, mse = F.binary_cross_entropy_with_logits, F.mse_loss
networks = [("TCN 3 x 64 (54, 24, 24)", Convolutions([64] * 3, [54, 24, 24]), spikes, bce, 3),
            ("TCN 7 x 128 (45, 19 x 6)", Convolutions([128] * 7, [45] + [19] * 6), spikes, bce, 3)]
networks += [(f"{cell} {units}", Recurrent(cell, units), signals, mse, 10) for cell in ("LSTM", "GRU", "RNN") for units in (128, 256)]
networks += [("spiking 100-256-20", Spiking(), trains, bce, 10)]
for threads in (1, 2):
    torch.set_num_threads(threads)
    for name, model, (x, y), loss, steps in networks:
        print(f"{name:<28} {threads} thread(s) {step_time(model, x, y, loss, steps) * 1e3:9.2f} ms a step   PyTorch {torch.__version__}", flush=True)
