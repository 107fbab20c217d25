"""What the comparisons with other simulators share: one neuron of each model under a current step (A) and under synaptic input (S), by Proxon.

Conventions (docs/decisions/simulation.md): a spike is stamped at the end of its step; input of a spike generator at t acts from t on; a current
that begins at t acts in the step from t to t + dt; reset and refractoriness lie on the grid.
"""
import pathlib
import subprocess
import sys

import h5py
import numpy as np

dt, duration = 0.1, 120.0
step_from, step_to = 10.0, 90.0
excitatory = [5.0, 20.0, 21.0, 23.5, 40.0, 40.4, 41.0, 60.0, 70.0, 70.2, 70.4, 70.6, 90.0, 91.0, 110.0]
inhibitory = [30.0, 50.0, 50.5, 71.0, 89.0, 112.0]


class Peer:
    """Counts what agrees; ends the program with the number of failures."""

    def __init__(self):
        self.failed = 0

    def check(self, holds, what):
        print("ok     " if holds else "FAILED ", what, flush=True)
        self.failed += not holds

    def done(self):
        sys.exit(1 if self.failed else 0)


def proxon(program, work, model, parameters, current, weights, variable="V_m", initial=None):
    """Runs both neurons; gives for A and S the trace (a row at each multiple of dt, from dt on) and the spike times, ms."""
    pathlib.Path(work).mkdir(parents=True, exist_ok=True)
    inside = "".join(f", {key} = {str(value).lower() if isinstance(value, bool) else value}" for key, value in parameters.items())
    text = "seed = 1\n"
    for name in "AS":
        text += f'[network.populations.{name}]\nsize = 1\nneuron = {{ name = "{model}"{inside} }}\n'
        for key, value in (initial or {}).items():
            text += f"initial.{key} = {value}\n"
        text += f'[record.traces.{name}]\nsource = "{name}"\nvariable = "{variable}"\ninterval = {dt}\n'
    text += (f'[stimuli.step]\ntarget = "A"\n'
             f'generator = {{ name = "step_current_generator", amplitude_times = [{step_from}, {step_to}], amplitude_values = [{current}, 0] }}\n')
    for name, times, weight in (("ex", excitatory, weights[0]), ("in", inhibitory, weights[1])):
        text += f'[stimuli.{name}]\ntarget = "S"\nweight = {weight}\ngenerator = {{ name = "spike_generator", spike_times = {times} }}\n'
    traces = run(program, work, model, text, "AS", variable)
    with h5py.File(pathlib.Path(work) / f"{model}.h5") as f:
        return {name: (traces[name], f[f"spikes/{name}/timestamps"][:]) for name in "AS"}


def run(program, work, model, text, names, variable):
    """Runs an experiment for the length of the comparison; gives the trace of each name."""
    text += f"[simulation]\ndt = {dt}\nduration = {duration}\n"
    file, archive = pathlib.Path(work) / f"{model}.toml", pathlib.Path(work) / f"{model}.h5"
    file.write_text(text)
    result = subprocess.run([program, "simulate", str(file), "--output", str(archive), "--overwrite"], capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr)
    with h5py.File(archive) as f:
        return {name: (f[f"report/{name}/{variable}/data"] if f"report/{name}/{variable}" in f else next(
            f[f"report/{key}/data"] for key in f["report"] if name in key))[:, 0].astype(float) for name in names}


def compare(peer, what, mine, theirs, tolerance, jitter=1e-6):
    """Traces (away from spikes that may differ by `jitter` ms) and spike times."""
    (trace, spikes), (other_trace, other_spikes) = mine, theirs
    if len(spikes) != len(other_spikes):
        return peer.check(False, f"{what}: {len(spikes)} spikes against {len(other_spikes)}: {spikes[:6]} {other_spikes[:6]}")
    late = np.max(np.abs(spikes - other_spikes), initial=0)
    times = dt * np.arange(1, len(trace) + 1)
    keep = np.ones(len(trace), bool)
    if jitter > dt / 2:
        for t in np.concatenate([spikes, other_spikes]):
            keep &= np.abs(times - t) > 1.0
    off = np.max(np.abs(trace - other_trace)[keep])
    peer.check(late <= jitter and off <= tolerance,
               f"{what}: {len(spikes)} spikes, times within {late:.2g} ms (allowed {jitter:g}), trace within {off:.2g} (allowed {tolerance:g})")
