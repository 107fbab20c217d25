"""Neuron models that have their like in NEURON (Hines & Carnevale 1997, doi:10.1162/neco.1997.9.6.1179), on a patch of 1e-4 cm^2:
hh_psc_alpha against the mechanism hh, iaf_cond_exp and iaf_cond_alpha below threshold against pas with ExpSyn and AlphaSynapse.

neuron_test.py PROXON WORK_FOLDER. NEURON runs with its implicit method of order 2 in steps of 0.001 ms; recorded floats are exact to 4e-6 mV; synaptic events
fall on NEURON's steps, which at 6 mV/ms and up to two steps is 0.012 mV.
"""
import sys

try:
    import numpy as np
    from neuron import h
except ImportError:
    print("skipped: NEURON is not installed (Debian: python3-neuron)")
    sys.exit(77)
from peers import Peer, compare, dt, duration, excitatory, inhibitory, proxon, step_from, step_to

h.load_file("stdrun.hoc")
program, work = sys.argv[1:3]
peer = Peer()
h.dt = 0.001
h.secondorder = 2
h.steps_per_ms = 1000


def patch():
    """A section of 1e-4 cm^2."""
    section = h.Section()
    section.L = section.diam = 100 / np.sqrt(np.pi)
    return section


def clamp(section, amplitude):
    """A current step, pA."""
    current = h.IClamp(section(0.5))
    current.delay, current.dur, current.amp = step_from, step_to - step_from, amplitude * 1e-3
    return current


def run(section, start):
    """Trace at the multiples of dt; spikes are the maxima above 0 mV."""
    v = h.Vector().record(section(0.5)._ref_v)
    h.finitialize(start)
    h.continuerun(duration + 0.01)
    fine = np.array(v)
    rows = fine[int(round(dt / h.dt))::int(round(dt / h.dt))][:int(round(duration / dt))]
    top = np.nonzero((fine[1:-1] > 0) & (fine[1:-1] >= fine[:-2]) & (fine[1:-1] > fine[2:]))[0] + 1
    return rows, top * h.dt


# The squid's axon under a current step; our spikes are stamped at the end of the first step in which V_m falls.
axon = patch()
axon.insert("hh")
axon.el_hh, axon.ena, axon.ek = -54.402, 50, -77
h.celsius = 6.3
h.usetable_hh = 0
step = clamp(axon, 900.0)
theirs = run(axon, -65)
mine = proxon(program, work, "hh_psc_alpha", {}, 900.0, (0.0, 0.0))
compare(peer, "hh_psc_alpha, current step, against hh", mine["A"], theirs, 0.03, jitter=2 * dt)

# Leaky membranes below threshold: 250 pF on 1e-4 cm^2 are 2.5 uF/cm^2, 16.6667 nS are 1.66667e-4 S/cm^2.
for model, synapse, weights in (("iaf_cond_exp", "ExpSyn", (20.0, 8.0)), ("iaf_cond_alpha", "AlphaSynapse", (15.0, 8.0))):
    traces = {}
    for name in "AS":
        leak = patch()
        leak.insert("pas")
        leak.cm, leak.g_pas, leak.e_pas = 2.5, 1.66667e-4, -70
        keep = [clamp(leak, 150.0)] if name == "A" else []
        if name == "S":
            for times, weight, reversal, tau in ((excitatory, weights[0], 0.0, 0.2), (inhibitory, weights[1], -85.0, 2.0)):
                if synapse == "AlphaSynapse":
                    for t in times:
                        alpha = h.AlphaSynapse(leak(0.5))
                        alpha.onset, alpha.tau, alpha.gmax, alpha.e = t, tau, weight * 1e-3, reversal
                        keep.append(alpha)
                else:
                    exponential = h.ExpSyn(leak(0.5))
                    exponential.tau, exponential.e = tau, reversal
                    keep.append(exponential)
                    for t in times:
                        spike = h.NetStim()
                        spike.start, spike.number = t, 1
                        keep += [spike, h.NetCon(spike, exponential, 0, 0, weight * 1e-3)]
        traces[name] = run(leak, -70)
    mine = proxon(program, work, model, {"V_th": 0}, 150.0, (weights[0], -weights[1]))
    compare(peer, f"{model}, current step, against pas", mine["A"], traces["A"], 1e-4)
    compare(peer, f"{model}, synaptic input, against {synapse}", mine["S"], traces["S"], 0.02)
peer.done()
