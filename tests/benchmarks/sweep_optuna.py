"""The comparison of sweep.cpp: 200 TPE trials of a test function by Optuna, with its journal storage and two workers.

sweep_optuna.py FUNCTION SEEDS RESULT.json"""
import json
import math
import multiprocessing
import os
import sys
import tempfile
import time

import optuna
from optuna.storages import JournalFileStorage, JournalStorage

optuna.logging.set_verbosity(optuna.logging.ERROR)
name, seeds, result = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def sphere(x):
    return sum(v * v for v in x)


def rosenbrock(x):
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def branin(x):
    return (x[1] - 5.1 / (4 * math.pi ** 2) * x[0] ** 2 + 5 / math.pi * x[0] - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x[0]) + 10


def hartmann6(x):
    alpha = (1.0, 1.2, 3.0, 3.2)
    a = ((10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, 0.05, 10, 0.1, 14))
    p = ((0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886), (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
         (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650), (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381))
    return -sum(al * math.exp(-sum(aj * (xj - pj) ** 2 for aj, pj, xj in zip(ai, pi, x))) for al, ai, pi in zip(alpha, a, p))


spaces = {"sphere": [(-5, 5)] * 4, "rosenbrock": [(-2, 2)] * 3, "branin": [(-5, 10), (0, 15)], "hartmann6": [(0, 1)] * 6}
function, space = globals()[name], spaces[name]


def objective(trial):
    return function([trial.suggest_float(f"x{i}", low, high) for i, (low, high) in enumerate(space)])


def work(path, seed):
    study = optuna.load_study(study_name="s", storage=JournalStorage(JournalFileStorage(path)), sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=100)


def processor_seconds():
    return sum(os.times()[:4])


best, seconds, began = [], 0.0, processor_seconds()
for seed in range(seeds):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "journal")
        start = time.monotonic()
        study = optuna.create_study(study_name="s", storage=JournalStorage(JournalFileStorage(path)))
        workers = [multiprocessing.Process(target=work, args=(path, 2 * seed + w)) for w in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds += time.monotonic() - start
        best.append(study.best_value)
with open(result, "w") as out:
    json.dump({"version": optuna.__version__, "best": best, "trials_per_second": 200 * seeds / seconds,
               "milliseconds_each": 1e3 * (processor_seconds() - began) / (200 * seeds)}, out)
