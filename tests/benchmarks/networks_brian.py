#!/usr/bin/python3
"""The networks of brunel10k.cpp and vogels_abbott.cpp in Brian 2 (C++ standalone mode, OpenMP): networks_brian.py brunel10k|stdp10k|coba4k|cuba4k [THREADS].

Prints the time that the simulation loop took for a second of biology and the rate, which must be that of our own run. The benchmarks call it."""
import logging
import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")
try:
    import brian2 as b2
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
