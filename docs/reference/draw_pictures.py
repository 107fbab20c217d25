"""Draws the pictures of the reference pages: what every neuron, synapse model and learning rule does, simulated by Proxon at its defaults unless the
picture says otherwise. Run after a model was added or changed: docs/reference/draw_pictures.py PROXON, then `proxon reference docs/reference`.
Needs python3-h5py and python3-matplotlib."""
import pathlib
import subprocess
import sys
import tempfile

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

program = sys.argv[1]
images = pathlib.Path(__file__).parent / "images"
work = pathlib.Path(tempfile.mkdtemp())
plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False, "savefig.dpi": 90, "axes.grid": True, "grid.alpha": 0.3})


def simulate(text):
    """The archive of an experiment."""
    (work / "e.toml").write_text("seed = 1\n" + text)
    result = subprocess.run([program, "simulate", str(work / "e.toml"), "-o", str(work / "e.h5"), "--overwrite", "-q"], capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr + text)
    return h5py.File(work / "e.h5")


def save(figure, name):
    figure.tight_layout()
    figure.savefig(images / f"{name}.png", metadata={"Software": None})
    plt.close(figure)
    print(name)


def inside(parameters):
    return "".join(f", {key} = {str(value).lower() if isinstance(value, bool) else value}" for key, value in parameters.items())


def trace(f, name):
    data = f[f"report/{name}/data"][:]
    start, _, step = f[f"report/{name}/mapping/time"][:]
    return start + step * np.arange(len(data)), data


# ------------------------------------------------------------------------------------------------------------------ neurons
def neuron(name, current, weights, parameters=None, variable="V_m", unit="mV"):
    """Left a current step from 50 to 250 ms, right spikes that arrive: excitatory ones marked above, inhibitory ones below."""
    excitatory, inhibitory = [50, 100, 104, 108, 112, 200, 203], [150, 201.5]
    text = ""
    for population in "AS":
        text += f'[network.populations.{population}]\nsize = 1\nneuron = {{ name = "{name}"{inside(parameters or {})} }}\n'
        text += f'[record.traces.{population}]\nsource = "{population}"\nvariable = "{variable}"\ninterval = 0.1\n'
    text += f'[stimuli.step]\ntarget = "A"\ngenerator = {{ name = "step_current_generator", amplitude_times = [50, 250], amplitude_values = [{current}, 0] }}\n'
    for what, times, weight in (("ex", excitatory, weights[0]), ("in", inhibitory, weights[1])):
        text += f'[stimuli.{what}]\ntarget = "S"\nweight = {weight}\ngenerator = {{ name = "spike_generator", spike_times = {times} }}\n'
    f = simulate(text + "[simulation]\nduration = 300\n")
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.3), sharey=True)
    for axis, population, title in zip(axes, "AS", (f"a current of {current:g} pA from 50 to 250 ms", f"spikes of weight {weights[0]:g} and {weights[1]:g}")):
        t, v = trace(f, population)
        axis.plot(t, v, lw=0.9, color="#1f5fa8")
        spikes = f[f"spikes/{population}/timestamps"][:]
        axis.plot(spikes, np.full(len(spikes), np.nanmax(v) + 0.06 * np.ptp(v)), "|", color="#b03030", ms=7)
        axis.set(title=title, xlabel="time (ms)")
    low = axes[1].get_ylim()[0]
    axes[1].plot(excitatory, [low] * len(excitatory), "^", color="#2a8a4a", ms=4, clip_on=False)
    axes[1].plot(inhibitory, [low] * len(inhibitory), "v", color="#b03030", ms=4, clip_on=False)
    axes[0].set_ylabel(f"{variable} ({unit})")
    save(figure, name)


neuron("iaf_psc_delta", 450, (8, -4))
neuron("iaf_psc_exp", 450, (1000, -600))
neuron("iaf_psc_alpha", 450, (600, -400))
neuron("iaf_cond_exp", 400, (120, -40))
neuron("iaf_cond_alpha", 400, (60, -20))
neuron("aeif_cond_exp", 900, (300, -40))
neuron("aeif_cond_alpha", 900, (120, -20))
neuron("izhikevich", 10, (8, -4))
neuron("hh_psc_alpha", 900, (9000, -2000))
neuron("gif_psc_exp", 150, (700, -300), {"q_sfa_1": 5, "q_stc_1": 20})
neuron("mat2_psc_exp", 600, (2500, -1000))
neuron("glif_psc", 400, (400, -200), {"spike_dependent_threshold": True, "after_spike_currents": True, "adapting_threshold": True})


def receptors(name, current, weights):
    """One spike at each receptor, 200 ms apart, without and with a current that makes the neuron fire."""
    text = ""
    for population, amplitude in (("A", 0), ("S", current)):
        text += f'[network.populations.{population}]\nsize = 1\nneuron = {{ name = "{name}", I_e = {amplitude} }}\n'
        text += f'[record.traces.{population}]\nsource = "{population}"\nvariable = "V_m"\ninterval = 0.1\n'
        for r, weight in enumerate(weights):
            text += f'[stimuli.{population}{r}]\ntarget = "{population}"\nweight = {weight}\nreceptor = "receptor_{r + 1}"\n'
            text += f'generator = {{ name = "spike_generator", spike_times = [{50 + 200 * r}] }}\n'
    f = simulate(text + "[simulation]\nduration = 900\n")
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.3), sharey=True)
    for axis, population, title in zip(axes, "AS", ("a spike at each receptor in turn", f"the same under {current:g} pA")):
        t, v = trace(f, population)
        axis.plot(t, v, lw=0.9, color="#1f5fa8")
        spikes = f[f"spikes/{population}/timestamps"][:]
        axis.plot(spikes, np.full(len(spikes), np.nanmax(v) + 0.06 * np.ptp(v)), "|", color="#b03030", ms=7)
        axis.set(title=title, xlabel="time (ms)")
    low = axes[1].get_ylim()[0]
    for axis in axes:
        for r in range(len(weights)):
            axis.text(50 + 200 * r, low, str(r + 1), color="#2a8a4a", ha="center", va="bottom")
    axes[0].set_ylabel("V_m (mV)")
    save(figure, name)


receptors("aeif_cond_beta_multisynapse", 620, (20, 5, 20, 5))


def spiking_only(name, axis_of, text, title):
    f = simulate(text)
    figure, axis = plt.subplots(figsize=(8, 1.7))
    for row, population in enumerate(axis_of):
        spikes = f[f"spikes/{population}/timestamps"][:]
        axis.plot(spikes, np.full(len(spikes), -row), "|", ms=14, color=("#2a8a4a", "#1f5fa8")[row])
    axis.set(title=title, xlabel="time (ms)", yticks=[-row for row in range(len(axis_of))], yticklabels=axis_of, ylim=(0.7 - len(axis_of), 0.7))
    save(figure, name)


spiking_only("parrot_neuron", ["source", "parrot"],
             '[network.populations.source]\nsize = 1\nneuron = "iaf_psc_delta"\n[network.populations.parrot]\nsize = 1\nneuron = "parrot_neuron"\n'
             '[network.projections.copy]\nsource = "source"\ntarget = "parrot"\nconnectivity = "one_to_one"\ndelay = 5\n'
             '[stimuli.in]\ntarget = "source"\nweight = 100\ngenerator = { name = "spike_generator", spike_times = [20, 50, 60, 70, 120] }\n[simulation]\nduration = 160\n',
             "each spike that arrives is sent on (delay 5 ms)")
spiking_only("poisson_neuron", ["slow", "fast"],
             "".join(f'[network.populations.{population}]\nsize = 1\nneuron = {{ name = "poisson_neuron", rate = {rate} }}\n' for population, rate in (("slow", 20), ("fast", 100)))
             + "[simulation]\nduration = 1000\n", "spikes at random times, 20 and 100 Hz")


def rate(name, parameters):
    text = ""
    for level in (-1, 0.5, 2):
        population = f"at{level}".replace("-", "m").replace(".", "_")
        text += f'[network.populations.{population}]\nsize = 1\nneuron = {{ name = "{name}"{inside(parameters)} }}\n'
        text += f'[record.traces.{population}]\nsource = "{population}"\nvariable = "activity"\ninterval = 0.1\n'
        text += (f'[stimuli.{population}]\ntarget = "{population}"\n'
                 f'generator = {{ name = "step_current_generator", amplitude_times = [20, 120], amplitude_values = [{level}, 0] }}\n')
    f = simulate(text + "[simulation]\nduration = 180\n")
    figure, axis = plt.subplots(figsize=(8, 2.1))
    for level, colour in zip((-1, 0.5, 2), ("#b03030", "#2a8a4a", "#1f5fa8")):
        t, x = trace(f, f"at{level}".replace("-", "m").replace(".", "_"))
        axis.plot(t, x, color=colour, lw=1, label=f"input {level:g}")
    axis.legend(frameon=False)
    axis.set(title="input from 20 to 120 ms", xlabel="time (ms)", ylabel="activity")
    save(figure, name)


for name in ("lin_rate", "tanh_rate", "sigmoid_rate", "threshold_lin_rate"):
    rate(name, {})


# ----------------------------------------------------------------------------------------------------------------- synapses
def synapse(name, parameters, weight, title):
    times = [20 + 20 * k for k in range(10)] + [500]
    f = simulate('[network.populations.source]\nsize = 1\nneuron = "iaf_psc_delta"\n[network.populations.target]\nsize = 1\nneuron = "iaf_psc_exp"\n'
                 f'[network.projections.s]\nsource = "source"\ntarget = "target"\nconnectivity = "one_to_one"\nweight = {weight}\nsynapse = {{ name = "{name}"{inside(parameters)} }}\n'
                 f'[stimuli.in]\ntarget = "source"\nweight = 100\ngenerator = {{ name = "spike_generator", spike_times = {times} }}\n'
                 '[record.traces.target]\nsource = "target"\nvariable = "V_m"\ninterval = 0.1\n[simulation]\nduration = 600\n')
    figure, axis = plt.subplots(figsize=(8, 2))
    t, v = trace(f, "target")
    axis.plot(t, v, lw=0.9, color="#1f5fa8")
    axis.plot(times, [axis.get_ylim()[0]] * len(times), "^", color="#2a8a4a", ms=4, clip_on=False)
    axis.set(title=title, xlabel="time (ms)", ylabel="V_m of the target (mV)")
    save(figure, name)


synapse("static", {}, 400, "ten spikes at 50 Hz and one later")
synapse("bernoulli", {"p_transmit": 0.5}, 400, "p_transmit = 0.5: half of the spikes are transmitted")
synapse("tsodyks", {}, 800, "ten spikes at 50 Hz and one later: depression and recovery")
synapse("tsodyks2", {"U": 0.1, "u": 0.1, "tau_fac": 500, "tau_rec": 100}, 2000, "U = 0.1, tau_fac = 500 ms, tau_rec = 100 ms: facilitation")

f = simulate('[network.populations.N]\nsize = 2\nneuron = { name = "iaf_psc_exp", V_th = 0 }\n[network.groups.first]\npopulation = "N"\nneurons = [0]\n'
             '[network.projections.gap]\nsource = "N"\ntarget = "N"\nconnectivity = { name = "all_to_all", allow_autapses = false }\nweight = 10\nsynapse = "gap_junction"\n'
             '[stimuli.step]\ntarget = "first"\ngenerator = { name = "step_current_generator", amplitude_times = [20, 100], amplitude_values = [300, 0] }\n'
             '[record.traces.N]\nsource = "N"\nvariable = "V_m"\ninterval = 0.1\n[simulation]\nduration = 160\n')
figure, axis = plt.subplots(figsize=(8, 2))
t, v = trace(f, "N")
axis.plot(t, v, lw=1)
axis.legend(["driven by 300 pA", "coupled to it by 10 nS"], frameon=False)
axis.set(xlabel="time (ms)", ylabel="V_m (mV)")
save(figure, "gap_junction")


# ----------------------------------------------------------------------------------------------------------- learning rules
def window(name, parameters, title, w=5.0, pairs=20):
    """Change of the weight after pairs of spikes a second apart, against their distance: as in datasets/stdp_window."""
    (work / "pairs.csv").write_text("source,target,weight,delay\n" + "".join(f"0,{k},{w},{10 + k}\n" for k in range(80)))
    pre = [100 + 1000 * k for k in range(pairs)]
    f = simulate('[network.populations.pre]\nsize = 1\nneuron = "iaf_psc_delta"\n[network.populations.post]\nsize = 80\nneuron = { name = "iaf_psc_delta", V_th = 20 }\n'
                 f'[network.projections.pairs]\nsource = "pre"\ntarget = "post"\nlearning_rule = {{ name = "{name}"{inside(parameters)} }}\n'
                 'connectivity = { name = "from_file", file = "pairs.csv", reader = { name = "csv", source = "source", target = "target", weight = "weight", delay = "delay" } }\n'
                 f'[stimuli.pre]\ntarget = "pre"\nweight = 200\ngenerator = {{ name = "spike_generator", spike_times = {pre} }}\n'
                 f'[stimuli.post]\ntarget = "post"\nweight = 200\ngenerator = {{ name = "spike_generator", spike_times = {[t + 50.5 for t in pre]} }}\n'
                 f'[simulation]\nduration = {1000 * pairs}\n')
    change = f["proxon/weights/pairs/weights"][-1] - w
    figure, axis = plt.subplots(figsize=(8, 2.2))
    axis.axhline(0, color="grey", lw=0.6)
    axis.plot(40.5 - np.arange(80), change, ".-", ms=4, lw=0.8, color="#1f5fa8")
    axis.set(title=title, xlabel="t_post - t_pre (ms)", ylabel="change of the weight")
    save(figure, name)


wide = {"w_max": 10}
window("stdp_pair", wide, "after 20 pairs")
window("stdp_power_law", {}, "after 20 pairs")
window("stdp_nearest_neighbour", wide, "after 20 pairs")
window("stdp_triplet", wide, "after 20 lone pairs: depression; potentiation needs a second post spike")
window("vogels_sprekeler", {}, "after 20 pairs: near spikes strengthen inhibition (w < 0), lone ones of the source weaken it", w=-0.5)


def course(name, text, title, projection="s", label="weight"):
    """Weights over time."""
    f = simulate(text)
    times, weights = f[f"proxon/weights/{projection}/time_ms"][:], f[f"proxon/weights/{projection}/weights"][:]
    figure, axis = plt.subplots(figsize=(8, 2.2))
    axis.plot(times / 1000, weights, lw=1)
    axis.set(title=title, xlabel="time (s)", ylabel=label)
    save(figure, name)


def rates(name, parameters, title, outputs=1, dt=1, seconds=200, w=0.3):
    """Four inputs that follow one common signal by 1, 0.7, 0.4 and 0, with noise of their own."""
    text = '[network.populations.x]\nsize = 4\nneuron = { name = "lin_rate", tau = 5 }\n' + f'[network.populations.y]\nsize = {outputs}\nneuron = {{ name = "lin_rate", tau = 5 }}\n'
    text += (f'[network.projections.s]\nsource = "x"\ntarget = "y"\nconnectivity = "all_to_all"\nweight = {{ distribution = "normal", mean = {w}, std = 0.1 }}\n'
             f'learning_rule = {{ name = "{name}"{inside(parameters)} }}\n')
    for k, gain in enumerate((1.0, 0.7, 0.4)):
        text += f'[network.groups.x{k}]\npopulation = "x"\nneurons = [{k}]\n[stimuli.signal{k}]\ntarget = "x{k}"\nweight = {gain}\ngenerator = {{ name = "ac_generator", amplitude = 1.5, frequency = 3 }}\n'
    text += '[stimuli.noise]\ntarget = "x"\ngenerator = { name = "noise_generator", mean = 0, std = 0.5, dt = 20 }\n'
    text += f"[record]\nweights_interval = {seconds * 5}\n[simulation]\ndt = {dt}\nduration = {seconds * 1000}\n"
    course(name, text, title)


mixed = "four inputs that follow a common signal by 1, 0.7, 0.4, 0: their weights "
rates("hebb", {"eta": 2e-6}, mixed + "grow without bound")
rates("oja", {"eta": 5e-5}, mixed + "become the first principal component")
rates("sanger", {"eta": 5e-5}, mixed + "to two units,\nwhich become the first two components", outputs=2)
rates("covariance", {"eta": 2e-6}, mixed + "grow with the covariance")

halves = [500 * k for k in range(1, 240)]
course("bcm", '[network.populations.x]\nsize = 2\nneuron = { name = "lin_rate", tau = 5 }\n[network.populations.y]\nsize = 1\nneuron = { name = "threshold_lin_rate", tau = 5 }\n'
       '[network.projections.s]\nsource = "x"\ntarget = "y"\nconnectivity = "all_to_all"\nweight = { distribution = "uniform", low = 0.5, high = 0.8 }\n'
       'learning_rule = { name = "bcm", eta = 5e-5, tau_theta = 1000, w_min = 0 }\n'
       + "".join(f'[network.groups.x{k}]\npopulation = "x"\nneurons = [{k}]\n[stimuli.x{k}]\ntarget = "x{k}"\ngenerator = {{ name = "step_current_generator", '
                 f'amplitude_times = {halves}, amplitude_values = {[float((i + k) % 2) for i in range(len(halves))]} }}\n' for k in (0, 1))
       + "[record]\nweights_interval = 500\n[simulation]\ndt = 1\nduration = 120000\n",
       "two inputs that take turns every half second: the unit becomes selective for one")
course("anti_hebbian", '[network.populations.y]\nsize = 3\nneuron = { name = "threshold_lin_rate", tau = 5 }\n[network.groups.together]\npopulation = "y"\nneurons = [0, 1]\n'
       '[network.groups.alone]\npopulation = "y"\nneurons = [2]\n'
       '[network.projections.s]\nsource = "y"\ntarget = "y"\nconnectivity = { name = "all_to_all", allow_autapses = false }\nweight = 0\n'
       'learning_rule = { name = "anti_hebbian", eta = 2e-5, p = 0.3 }\n'
       '[stimuli.together]\ntarget = "together"\ngenerator = { name = "ac_generator", amplitude = 1.5, frequency = 3 }\n'
       '[stimuli.alone]\ntarget = "alone"\ngenerator = { name = "ac_generator", amplitude = 1.5, frequency = 3, phase = 180 }\n'
       "[record]\nweights_interval = 500\n[simulation]\ndt = 1\nduration = 100000\n",
       "lateral weights of three units: the two that are active together come to inhibit each other")

poisson = ('[network.populations.x]\nsize = 40\nneuron = "parrot_neuron"\n[network.populations.y]\nsize = 1\nneuron = { name = "iaf_psc_exp", V_th = -60 }\n'
           '[stimuli.in]\ntarget = "x"\ngenerator = { name = "poisson_generator", rate = 20 }\n')
course("homeostatic_scaling", poisson + '[network.projections.s]\nsource = "x"\ntarget = "y"\nconnectivity = "all_to_all"\nweight = { distribution = "uniform", low = 100, high = 400 }\n'
       'learning_rule = { name = "homeostatic_scaling", eta = 2e-6, rate = 5, tau_r = 2000 }\n[record]\nweights_interval = 1000\n[simulation]\nduration = 120000\nlearning_interval = 10\n',
       "forty synapses shrink in proportion until the neuron fires at 5 Hz")
course("stdp_dopamine", '[network.populations.x]\nsize = 1\nneuron = "parrot_neuron"\n[network.populations.y]\nsize = 1\nneuron = "iaf_psc_delta"\n[network.populations.dopamine]\nsize = 1\nneuron = "parrot_neuron"\n'
       '[network.projections.s]\nsource = "x"\ntarget = "y"\nconnectivity = "all_to_all"\nweight = 1\nmodulator = "dopamine"\nlearning_rule = { name = "stdp_dopamine", A_plus = 1, A_minus = 1.5 }\n'
       '[stimuli.x]\ntarget = "x"\ngenerator = { name = "spike_generator", spike_times = [1000, 3000, 5000] }\n'
       '[stimuli.y]\ntarget = "y"\nweight = 100\ngenerator = { name = "spike_generator", spike_times = [1010, 2990, 5010] }\n'
       '[stimuli.reward]\ntarget = "dopamine"\ngenerator = { name = "spike_generator", spike_times = [1500, 3500] }\n'
       '[record]\nweights_interval = 20\n[simulation]\nduration = 6000\n',
       "pairs at 1 s (pre first), 3 s (post first), 5 s; dopamine half a second after the first two only")
course("clopath", '[network.populations.x]\nsize = 1\nneuron = "parrot_neuron"\n[network.populations.y]\nsize = 1\nneuron = { name = "iaf_psc_delta", E_L = -70.6, V_reset = -70.6, V_th = -50 }\n'
       '[network.projections.s]\nsource = "x"\ntarget = "y"\nconnectivity = "all_to_all"\nweight = 1\nlearning_rule = { name = "clopath" }\n'
       + "".join(f'[stimuli.{who}]\ntarget = "{who}"\nweight = {weight}\ngenerator = {{ name = "spike_generator", spike_times = {[round(t + shift, 1) for start, step in ((1000, 100), (3000, 20)) for t in np.arange(start, start + 5 * step, step)]} }}\n'
                 for who, weight, shift in (("x", 1, 0), ("y", 30, 10)))
       + '[record]\nweights_interval = 10\n[simulation]\nduration = 4000\n',
       "five pairs (pre 10 ms before post) at 10 Hz from 1 s, at 50 Hz from 3 s: potentiation grows with the frequency")
