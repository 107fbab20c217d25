"""The networks of training.cpp (GROUP dense) and sequences.cpp (sequences) in PyTorch: the best time of a training step with Adam, and of a forward pass of one
sample, over 1 and 2 threads and, with 2, over how the threads wait. Memory is kept between steps: without that glibc gives it back to the system and fetches it
anew in each of them, which takes three times as long.

peer_torch.py GROUP RESULT.json"""
import json
import os
import subprocess
import sys
import time

try:
    import torch
except ImportError:
    sys.exit("PyTorch is not installed (Debian: apt install python3-torch libopenblas0-pthread)")

F = torch.nn.functional


def dense(*widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


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


def step(model, x, y, loss):
    try:
        optimizer = torch.optim.Adam(model.parameters(), fused=True)
    except (TypeError, RuntimeError):
        optimizer = torch.optim.Adam(model.parameters())

    def run():
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return run


def one_sample(model, x):
    traced = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model.eval(), x)))

    def run():
        with torch.inference_mode():
            traced(x)

    return run


def best_time(run, repeats, steps):
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(steps):
            run()
        best = min(best, (time.perf_counter() - start) / steps)
    return best


def measure(group):
    torch.manual_seed(1)
    bce, mse = F.binary_cross_entropy_with_logits, F.mse_loss
    if group == "dense":
        def training(batch, *widths):
            return step(dense(*widths), torch.randn(batch, widths[0]), torch.randn(batch, widths[-1]), mse)
        cases = [("1-2-1, batch 16", training(16, 1, 2, 1), 10, 700), ("128-256-256-128, batch 64", training(64, 128, 256, 256, 128), 10, 50),
                 ("1000-2048-2048-1000, 128", training(128, 1000, 2048, 2048, 1000), 5, 5),
                 ("one sample", one_sample(dense(128, 256, 256, 128), torch.randn(1, 128)), 10, 2000)]
    else:
        spikes = (torch.rand(8, 1278, 400) < 0.012).float(), (torch.rand(8, 2, 400) < 0.02).float()
        signals = torch.randn(32, 200, 64), (torch.rand(32, 200, 8) < 0.02).float()
        trains = (torch.rand(64, 100, 100) < 0.05).float(), (torch.rand(64, 100, 20) < 0.02).float()
        cases = [("TCN 3 x 64 (54, 24, 24)", step(Convolutions([64] * 3, [54, 24, 24]), *spikes, bce), 3, 1),
                 ("TCN 7 x 128 (45, 19 x 6)", step(Convolutions([128] * 7, [45] + [19] * 6), *spikes, bce), 3, 1)]
        cases += [(f"{cell} {units}", step(Recurrent(cell, units), *signals, mse), 10, 1) for cell in ("LSTM", "GRU", "RNN") for units in (128, 256)]
        cases += [("spiking 100-256-20", step(Spiking(), *trains, bce), 10, 1)]
    for name, run, repeats, steps in cases:
        print(json.dumps({"name": name, "ms": 1e3 * best_time(run, repeats, steps)}), flush=True)


def whole_process():
    """What a process has to do that trains once: loads PyTorch, trains, says the loss."""
    torch.manual_seed(1)
    x = torch.randn(100, 1)
    model, y = dense(1, 2, 1), torch.tanh(x)
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(100):
        for batch in torch.randperm(100).split(16):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x[batch]), y[batch])
            loss.backward()
            optimizer.step()
    print("loss", loss.item())


if sys.argv[1] == "process":
    torch.set_num_threads(1)
    whole_process()
    sys.exit(0)
if len(sys.argv) == 4:
    torch.set_num_threads(int(sys.argv[3]))
    measure(sys.argv[1])
    sys.exit(0)
memory = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000", "MALLOC_TOP_PAD_": "100000000"}
best = {}
for threads, wait in ((1, "passive"), (2, "passive"), (2, "active")):
    command = [sys.executable, __file__, *sys.argv[1:], str(threads)]
    out = subprocess.run(command, env={**os.environ, **memory, "OMP_WAIT_POLICY": wait}, stdout=subprocess.PIPE, text=True, check=True).stdout
    for line in out.splitlines():
        case = json.loads(line)
        if case["name"] not in best or case["ms"] < best[case["name"]]["ms"]:
            best[case["name"]] = {"ms": case["ms"], "setting": f"{threads} thread{'s that wait ' + wait + 'ly' if threads > 1 else ''}"}
if sys.argv[1] == "dense":
    def run():
        subprocess.run([sys.executable, __file__, "process"], stdout=subprocess.DEVNULL, check=True)
    best["1-2-1, whole process"] = {"ms": 1e3 * best_time(run, 5, 1), "setting": "1 thread"}
with open(sys.argv[2], "w") as file:
    json.dump({"version": torch.__version__, "best": best}, file)
