#!/usr/bin/python3
"""The networks of the benchmarks in Brian 2 (C++ standalone mode, OpenMP): networks_brian.py brunel10k|stdp10k|coba4k|cuba4k|microcircuit [THREADS].

Prints the time that the simulation loop took for a second of biology and the rate, which must be that of our own run. The benchmarks call it.
The microcircuit takes 10 GB and some minutes, most of them to build the network."""
import logging
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
try:
    import brian2 as b2
    import numpy as np
    from brian2 import Hz, ms, mV, nS, pA, pF, second
except ImportError:
    print("  beside it          skipped: Brian 2 is not installed (Debian: apt install python3-brian)")
    sys.exit(0)

logging.getLogger("brian2").setLevel(logging.ERROR)
name, threads = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2
folder = tempfile.TemporaryDirectory()
b2.set_device("cpp_standalone", directory=folder.name, build_on_run=False)
b2.prefs.devices.cpp_standalone.openmp_threads = threads
b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++11"]
b2.defaultclock.dt = 0.1 * ms
b2.seed(1)

if name in ("brunel10k", "stdp10k"):
    neurons = b2.NeuronGroup(10000, "dv/dt = -v / (20 * ms) : volt (unless refractory)", threshold="v >= 20 * mV", reset="v = 10 * mV", refractory=2.1 * ms, method="exact")
    excitatory, inhibitory = neurons[:8000], neurons[8000:]
    delay = (1.5 if name == "brunel10k" else 0.8) * ms
    static = [(excitatory, neurons, 0.1), (inhibitory, neurons, -0.5)]
    connections = []
    if name == "stdp10k":
        static[0] = (excitatory, inhibitory, 0.1)
        plastic = b2.Synapses(excitatory, excitatory, """w : volt
                                                          dx/dt = -x / (20 * ms) : 1 (event-driven)
                                                          dy/dt = -y / (20 * ms) : 1 (event-driven)""",
                              on_pre="v_post += w; x += 1; w = clip(w - 1.05e-5 * mV * y, 0 * mV, 0.3 * mV)",
                              on_post="y += 1; w = clip(w + 1e-5 * mV * x, 0 * mV, 0.3 * mV)", delay=delay)
        plastic.connect(p=0.1)
        plastic.w = 0.1 * mV
        connections.append(plastic)
    for source, target, w in static:
        s = b2.Synapses(source, target, on_pre=f"v += {w} * mV", delay=delay)
        s.connect(p=0.1)
        connections.append(s)
    drive = b2.PoissonInput(neurons, "v", 1000, 20 * Hz, weight=0.1 * mV)
    parts, seconds, settle = [neurons, drive] + connections, 1.0 if name == "brunel10k" else 0.2, 0.1
elif name == "microcircuit":
    b2.prefs.core.default_float_dtype = np.float32
    # Potjans & Diesmann 2014, table 5, with the excitatory populations first: size, external in-degree, probability of a connection from each.
    table = {
        "L23e": (20683, 1600, (0.1009, 0.0437, 0.0323, 0.0076, 0.1689, 0.0818, 0, 0)),
        "L4e": (21915, 2100, (0.0077, 0.0497, 0.0067, 0.0453, 0.0059, 0.135, 0.0003, 0)),
        "L5e": (4850, 2000, (0.1004, 0.0505, 0.0831, 0.0204, 0.0622, 0.0057, 0.3726, 0)),
        "L6e": (14395, 2900, (0.0156, 0.0211, 0.0572, 0.0396, 0.0066, 0.0166, 0.0197, 0.2252)),
        "L23i": (5834, 1500, (0.1346, 0.0316, 0.0755, 0.0042, 0.1371, 0.0515, 0, 0)),
        "L4i": (5479, 1900, (0.0691, 0.0794, 0.0033, 0.1057, 0.0029, 0.1597, 0, 0)),
        "L5i": (1065, 1900, (0.0548, 0.0257, 0.06, 0.0086, 0.0269, 0.0022, 0.3158, 0)),
        "L6i": (2948, 2100, (0.0364, 0.0034, 0.0277, 0.0658, 0.001, 0.0005, 0.008, 0.1443)),
    }
    sizes = np.array([row[0] for row in table.values()])
    first = np.concatenate(([0], np.cumsum(sizes)))
    # [target][source]; with several synapses between two neurons there were as many as this.
    probability = -np.log1p(-np.array([row[2] for row in table.values()]))
    neurons = b2.NeuronGroup(int(first[-1]), """dv/dt = -(v + 65 * mV) / (10 * ms) + (I_ex + I_in) / (250 * pF) : volt (unless refractory)
                                               dI_ex/dt = -I_ex / (0.5 * ms) : amp
                                               dI_in/dt = -I_in / (0.5 * ms) : amp
                                               kind : integer (constant)
                                               """ + "".join(f"p{t} : 1 (constant)\n" for t in range(8)),
                             threshold="v >= -50 * mV", reset="v = -65 * mV", refractory=2.1 * ms, method="exact")
    neurons.v = "-58 * mV + 10 * mV * randn()"
    neurons.kind = np.repeat(np.arange(8), sizes)
    for t in range(8):
        setattr(neurons, f"p{t}", np.repeat(probability[t], sizes))
    connections = []
    for source, current, w, mean, std in ((neurons[:first[4]], "I_ex", "87.81 * pA * (1 + int(kind_pre == 1 and kind_post == 0))", 1.5, 0.75),
                                          (neurons[first[4]:], "I_in", "-4 * 87.81 * pA", 0.75, 0.375)):
        s = b2.Synapses(source, neurons, "w : amp (constant)", on_pre=f"{current}_post += w")
        for t in range(8):
            s.connect(j=f"k for k in sample({first[t]}, {first[t + 1]}, p=p{t}_pre)")
        s.w = f"{w} * (1 + 0.1 * randn())"
        s.delay = f"clip({mean} + {std} * randn(), 0.1, 10) * ms"
        connections.append(s)
    drives = [b2.PoissonInput(neurons[first[t]:first[t + 1]], "I_ex", row[1], 8 * Hz, weight=87.81 * pA) for t, row in enumerate(table.values())]
    parts, seconds, settle = [neurons] + drives + connections, 0.3, 0.1
else:
    conductance = name == "coba4k"
    leak = "dv/dt = (-(v + 60 * mV) * 10 * nS + I_syn + 200 * pA) / (200 * pF) : volt (unless refractory)\n" if conductance else \
           "dv/dt = (-(v + 49 * mV) * 10 * nS + I_syn) / (200 * pF) : volt (unless refractory)\n"
    if conductance:
        synaptic = "dg_ex/dt = -g_ex / (5 * ms) : siemens\ndg_in/dt = -g_in / (10 * ms) : siemens\nI_syn = -g_ex * v - g_in * (v + 80 * mV) : amp"
        weights = ("g_ex += 4 * nS", "g_in += 51 * nS")
    else:
        synaptic = "dI_ex/dt = -I_ex / (5 * ms) : amp\ndI_in/dt = -I_in / (10 * ms) : amp\nI_syn = I_ex + I_in : amp"
        weights = ("I_ex += 16.2 * pA", "I_in -= 139.5 * pA")
    neurons = b2.NeuronGroup(4000, leak + synaptic, threshold="v >= -50 * mV", reset="v = -60 * mV", refractory=5.1 * ms, method="exponential_euler" if conductance else "exact")
    neurons.v = "-60 * mV + 10 * mV * rand()"
    connections = []
    for source, on_pre in ((neurons[:3200], weights[0]), (neurons[3200:], weights[1])):
        s = b2.Synapses(source, neurons, on_pre=on_pre, delay=0.8 * ms)
        s.connect(p=0.02)
        connections.append(s)
    parts, seconds, settle = [neurons] + connections, 2.0, 0.5

spikes = b2.SpikeMonitor(neurons)
network = b2.Network(parts + [spikes])
network.run(settle * second)
network.run((seconds - settle) * second)
b2.device.build(directory=folder.name, compile=True, run=True)
loop = b2.device._last_run_time  # of the second run
count = ((spikes.t / second) > settle).sum()
print(f"  beside it          Brian 2 {b2.__version__}, C++ standalone, {threads} OpenMP threads: real-time factor {loop / (seconds - settle):.3f}, "
      f"rate {count / len(neurons) / (seconds - settle):.1f} Hz")
