"""Membrane traces, rates and spike times of every neuron model against Brian 2 (Stimberg, Brette & Goodman 2019, doi:10.7554/eLife.47314).

brian_test.py PROXON WORK_FOLDER. Brian integrates the models' equations, as `proxon plugin describe` states them, by Runge-Kutta of order 4 in steps
of 0.02 ms, with thresholds looked at every 0.1 ms where the model does so: what remains is the rounding of recorded floats (4e-6 mV at 70 mV)
for models that are integrated exactly, and the stated error of the method for the others.
"""
import logging
import sys
import warnings

warnings.filterwarnings("ignore")
try:
    import brian2 as b2
    import numpy as np
except ImportError:
    print("skipped: Brian 2 is not installed (Debian: python3-brian)")
    sys.exit(77)
from peers import Peer, compare, dt, duration, excitatory, inhibitory, proxon, run, step_from, step_to

program, work = sys.argv[1:3]
b2.prefs.codegen.target = "numpy"
logging.getLogger("brian2").setLevel(logging.ERROR)
ms, mV = b2.ms, b2.mV
peer = Peer()
fine = 0.02

# Units: ms, mV, pF, nS, pA as plain numbers, so that the equations read as the models' own. I is the current from outside.
psc_exp = "dIex/dt = -Iex / tau_ex / ms : 1\ndIin/dt = -Iin / tau_in / ms : 1\nIsyn = Iex + Iin : 1\n"
psc_alpha = ("dIex/dt = (yex - Iex / tau_ex) / ms : 1\ndyex/dt = -yex / tau_ex / ms : 1\n"
             "dIin/dt = (yin - Iin / tau_in) / ms : 1\ndyin/dt = -yin / tau_in / ms : 1\nIsyn = Iex + Iin : 1\n")
cond_exp = "dgex/dt = -gex / tau_ex / ms : 1\ndgin/dt = -gin / tau_in / ms : 1\nIsyn = -gex * (v - E_ex) - gin * (v - E_in) : 1\n"
cond_alpha = ("dgex/dt = (yex - gex / tau_ex) / ms : 1\ndyex/dt = -yex / tau_ex / ms : 1\n"
              "dgin/dt = (yin - gin / tau_in) / ms : 1\ndyin/dt = -yin / tau_in / ms : 1\nIsyn = -gex * (v - E_ex) - gin * (v - E_in) : 1\n")
add = {  # what a spike of weight w does, on the excitatory and on the inhibitory side
    psc_exp: ("Iex += w", "Iin += w"),
    psc_alpha: ("yex += w * exp(1) / tau_ex", "yin += w * exp(1) / tau_in"),
    cond_exp: ("gex += abs(w)", "gin += abs(w)"),
    cond_alpha: ("yex += abs(w) * exp(1) / tau_ex", "yin += abs(w) * exp(1) / tau_in"),
}


def brian(equations, threshold, reset, constants, current, weights, initial, added, step=fine, method="rk4", on_grid=True, t_ref=0.0, jumps=False):
    """Both neurons by Brian: trace at the multiples of dt and spike times, stamped at the end of their step."""
    b2.start_scope()
    b2.defaultclock.dt = step * ms
    outside = b2.TimedArray(np.where((np.arange(0, duration + 1, dt) + 1e-9 >= step_from) & (np.arange(0, duration + 1, dt) + 1e-9 < step_to), current, 0.0), dt=dt * ms)
    every = int(round(dt / step))
    if on_grid and every > 1:
        threshold = f"({threshold}) and (timestep(t, dt) + 1) % {every} == 0"
    space = dict(constants, outside=outside, ms=ms)
    neurons = b2.NeuronGroup(2, equations + "I : 1\n", threshold=threshold, reset=reset, refractory=(t_ref + step) * ms if t_ref else False,
                             method=method, namespace=space)
    for key, value in initial.items():
        setattr(neurons, key, value)
    neurons.run_regularly("I = outside(t + 0.01 * ms) * int(i == 0)", dt=dt * ms, when="before_groups")
    parts = [neurons]
    for times, weight, pre in ((excitatory, weights[0], added[0]), (inhibitory, weights[1], added[1])):
        source = b2.SpikeGeneratorGroup(1, np.zeros(len(times), int), (np.array(times) - (2 * step if jumps else step)) * ms)
        synapses = b2.Synapses(source, neurons, on_pre=pre.replace("w", str(weight)) if "w" in pre else pre, namespace=space)
        synapses.connect(i=0, j=1)
        if jumps:  # of the potential itself: they may make it fire at once
            synapses.pre.when = "before_thresholds"
        parts += [source, synapses]
    monitor = b2.StateMonitor(neurons, "v", record=True, dt=dt * ms, when="start")
    spikes = b2.SpikeMonitor(neurons)
    b2.Network(parts + [monitor, spikes]).run((duration + dt) * ms, namespace=space)
    rows = int(round(duration / dt))
    answer = {}
    for i, name in enumerate("AS"):
        times = np.array(spikes.t / ms)[np.array(spikes.i) == i] + step
        answer[name] = (np.array(monitor.v[i])[1:rows + 1], np.round(times[times <= duration + 1e-9], 4))
    return answer


def case(model, equations, threshold, reset, constants, current, weights, initial, added, tolerance, jitter=1e-6, parameters=None, state=None, **options):
    theirs = brian(equations, threshold, reset, constants, current, weights, initial, added, **options)
    mine = proxon(program, work, model, parameters or {}, current, weights, initial=state)
    for name, what in (("A", "current step"), ("S", "synaptic input")):
        compare(peer, f"{model}, {what}", mine[name], theirs[name], tolerance, jitter)


lif = "dv/dt = (-(v - E_L) / tau_m + (I + Isyn) / C_m) / ms : 1 (unless refractory)\n"
leaky = dict(E_L=-70.0, tau_m=10.0, C_m=250.0, V_th=-55.0, V_r=-70.0, tau_ex=2.0, tau_in=2.0)
case("iaf_psc_delta", "dv/dt = (-(v - E_L) / tau_m + I / C_m) / ms : 1 (unless refractory)\n", "v >= V_th", "v = V_r", leaky, 400.0, (6.0, -4.0), {"v": -70},
     ("v += w * int(not_refractory)",) * 2, 1e-5, t_ref=2.0, jumps=True)
case("iaf_psc_exp", lif + psc_exp, "v >= V_th", "v = V_r", leaky, 400.0, (900.0, -500.0), {"v": -70}, add[psc_exp], 1e-5, t_ref=2.0)
case("iaf_psc_alpha", lif + psc_alpha, "v >= V_th", "v = V_r", leaky, 400.0, (700.0, -400.0), {"v": -70}, add[psc_alpha], 1e-5, t_ref=2.0)

conductance = dict(E_L=-70.0, g_L=16.6667, C_m=250.0, V_th=-55.0, V_r=-60.0, tau_ex=0.2, tau_in=2.0, E_ex=0.0, E_in=-85.0)
cond = "dv/dt = (-g_L * (v - E_L) + I + Isyn) / C_m / ms : 1 (unless refractory)\n"
case("iaf_cond_exp", cond + cond_exp, "v >= V_th", "v = V_r", conductance, 350.0, (120.0, -15.0), {"v": -70}, add[cond_exp], 2e-4, t_ref=2.0)
case("iaf_cond_alpha", cond + cond_alpha, "v >= V_th", "v = V_r", conductance, 350.0, (60.0, -10.0), {"v": -70}, add[cond_alpha], 2e-4, t_ref=2.0)

# The adaptive exponential neuron is reset when it reaches V_peak, not on the grid; stamps lie on it. Brian resets at the end of its step of 0.005 ms,
# and so late by up to that: at slopes of 30 mV/ms 0.15 mV.
aeif = ("dv/dt = (-g_L * (v - E_L) + g_L * D_T * exp((clip(v, -200, V_peak) - V_T) / D_T) + Isyn - adapt + I) / C_m / ms : 1\n"
        "dadapt/dt = (a * (clip(v, -200, V_peak) - E_L) - adapt) / tau_w / ms : 1\n")
adaptive = dict(C_m=281.0, g_L=30.0, E_L=-70.6, V_r=-60.0, V_peak=0.0, V_T=-50.4, D_T=2.0, a=4.0, b=80.5, tau_w=144.0, E_ex=0.0, E_in=-85.0, tau_ex=0.2, tau_in=2.0)
for model, side, weights in (("aeif_cond_exp", cond_exp, (200.0, -20.0)), ("aeif_cond_alpha", cond_alpha, (100.0, -10.0))):
    case(model, aeif + side, "v >= V_peak", "v = V_r; adapt += b", adaptive, 900.0, weights, {"v": -70.6}, add[side], 0.15, jitter=dt + 0.02,
         on_grid=False, step=0.005)

case("izhikevich", "dv/dt = (0.04 * v**2 + 5 * v + 140 - u + I) / ms : 1\ndu/dt = 0.02 * (0.2 * v - u) / ms : 1\n", "v >= 30", "v = -65; u += 8", {}, 10.0, (8.0, -4.0),
     {"v": -65, "u": -13}, ("v += w",) * 2, 1e-3, step=dt, method="euler", state={"V_m": -65, "U_m": -13})

gates = {"m": ("0.1 * (v + 40) / (1 - exp(-(v + 40) / 10))", "4 * exp(-(v + 65) / 18)"),
         "h": ("0.07 * exp(-(v + 65) / 20)", "1 / (1 + exp(-(v + 35) / 10))"),
         "n": ("0.01 * (v + 55) / (1 - exp(-(v + 55) / 10))", "0.125 * exp(-(v + 65) / 80)")}
hh = "dv/dt = (-g_Na * m**3 * h * (v - E_Na) - g_K * n**4 * (v - E_K) - g_L * (v - E_L) + I + Isyn) / C_m / ms : 1\n"
rest = {"v": -65.0}
for gate, (alpha, beta) in gates.items():
    hh += f"d{gate}/dt = ({alpha} * (1 - {gate}) - {beta} * {gate}) / ms : 1\n"
    a, b = (eval(rate, {"exp": np.exp, "v": -65.0}) for rate in (alpha, beta))
    rest[gate] = a / (a + b)
squid = dict(g_Na=12000.0, g_K=3600.0, g_L=30.0, C_m=100.0, E_Na=50.0, E_K=-77.0, E_L=-54.402, tau_ex=0.2, tau_in=2.0)
# Brian's spike is the crossing of 0 mV, ours the maximum after it: within a millisecond. The trace has no reset and is compared everywhere else.
case("hh_psc_alpha", hh + psc_alpha, "v >= 0", "", squid, 900.0, (9000.0, -500.0), rest, add[psc_alpha], 0.02, jitter=1.0, on_grid=False, t_ref=2.0)

# gif: with a threshold of a millionth of a millivolt's width it fires in the step in which it crosses; adaptation of both sorts.
gif = ("dv/dt = (-g_L * (v - E_L) - stc + I + Isyn) / C_m / ms : 1 (unless refractory)\ndsfa/dt = -sfa / 100.0 / ms : 1\ndstc/dt = -stc / 40.0 / ms : 1\n")
case("gif_psc_exp", gif + psc_exp, "v >= V_T + sfa", "v = V_r; sfa += 5; stc += 20", dict(g_L=4.0, E_L=-70.0, C_m=80.0, V_r=-55.0, V_T=-35.0, tau_ex=2.0, tau_in=2.0), 180.0,
     (900.0, -300.0), {"v": -70}, add[psc_exp], 2e-5, t_ref=4.0,
     parameters={"Delta_V": 1e-6, "lambda_0": 1e6, "q_sfa_1": 5.0, "q_stc_1": 20.0, "tau_stc_1": 40.0, "tau_sfa_1": 100.0})

mat = "dv/dt = (-(v - E_L) / tau_m + (I + Isyn) / C_m) / ms : 1\ndt1/dt = -t1 / 10.0 / ms : 1\ndt2/dt = -t2 / 200.0 / ms : 1\n"
case("mat2_psc_exp", mat + psc_exp, "v >= -51.0 + t1 + t2", "t1 += 37; t2 += 2", dict(E_L=-70.0, tau_m=5.0, C_m=100.0, tau_ex=1.0, tau_in=3.0), 600.0,
     (1500.0, -300.0), {"v": -70}, add[psc_exp], 1e-5, t_ref=2.0)

case("glif_psc", "dv/dt = (-g * (v - E_L) + I + Isyn) / C_m / ms : 1 (unless refractory)\n" + psc_alpha, "v > V_th", "v = V_r",
     dict(g=9.43, E_L=-78.85, V_th=-51.68, C_m=58.72, V_r=-78.85, tau_ex=2.0, tau_in=2.0), 400.0, (300.0, -200.0), {"v": -78.85}, add[psc_alpha], 2e-5, t_ref=4.0, parameters={"t_ref": 4.0})

# Rate neurons: A under a current step, exact since its drive is constant in a step; and B, which A drives. B sees A's rate a step late and holds it
# for a step (order 1): off by at most 2 dt times the steepest slope of A, times weight and the steepest gain.
def rates(model, gain, steepest, parameters, current=1.2, weight=0.8, tau=10.0, rate_lambda=1.0, mu=0.1):
    b2.start_scope()
    b2.defaultclock.dt = fine * ms
    grid = np.arange(0, duration + 1, dt) + 1e-9
    outside = b2.TimedArray(np.where((grid >= step_from) & (grid < step_to), current, 0.0), dt=dt * ms)
    space = dict(outside=outside, tau=tau, mu=mu, weight=weight, decay=rate_lambda, ms=ms)
    pair = b2.NeuronGroup(1, f"I : 1\nda/dt = (-decay * a + mu + {gain('I')}) / tau / ms : 1\ndb/dt = (-decay * b + mu + {gain('weight * a')}) / tau / ms : 1",
                          method="rk4", namespace=space)
    pair.run_regularly("I = outside(t + 0.01 * ms)", dt=dt * ms, when="before_groups")
    monitor = b2.StateMonitor(pair, ["a", "b"], record=True, dt=dt * ms, when="start")
    b2.Network(pair, monitor).run((duration + dt) * ms, namespace=space)
    inside = "".join(f", {key} = {value}" for key, value in dict(parameters, tau=tau, mu=mu, sigma=0.0, **{"lambda": rate_lambda}).items())
    text = "seed = 1\n"
    for name in "AB":
        text += (f'[network.populations.{name}]\nsize = 1\nneuron = {{ name = "{model}"{inside} }}\n'
                 f'[record.traces.{name}]\nsource = "{name}"\nvariable = "activity"\ninterval = {dt}\n')
    text += (f'[network.projections.AB]\nsource = "A"\ntarget = "B"\nconnectivity = "one_to_one"\nweight = {weight}\ndelay = {dt}\n'
             f'[stimuli.step]\ntarget = "A"\n'
             f'generator = {{ name = "step_current_generator", amplitude_times = [{step_from}, {step_to}], amplitude_values = [{current}, 0] }}\n')
    traces = run(program, work, model, text, ["A", "B"], "activity")
    slope = np.max(np.abs(np.diff(monitor.a[0]))) / dt
    for name, theirs, tolerance in (("A", monitor.a[0], 2e-6), ("B", monitor.b[0], 2 * dt * slope * weight * steepest)):
        off = np.max(np.abs(traces[name] - np.array(theirs)[1:len(traces[name]) + 1]))
        peer.check(off <= tolerance, f"{model}, {'current step' if name == 'A' else 'rate that arrives'}: trace within {off:.2g} (allowed {tolerance:.2g})")


rates("lin_rate", lambda h: f"1.5 * ({h})", 1.5, {"g": 1.5})
rates("tanh_rate", lambda h: f"tanh(1.5 * (({h}) - 0.2))", 1.5, {"g": 1.5, "theta": 0.2})
rates("sigmoid_rate", lambda h: f"2 / (1 + exp(-3 * (({h}) - 0.4)))", 1.5, {"g": 2.0, "beta": 3.0, "theta": 0.4})
rates("threshold_lin_rate", lambda h: f"clip(1.5 * (({h}) - 0.3), 0, 1)", 1.5, {"g": 1.5, "theta": 0.3, "alpha": 1.0})
peer.done()
