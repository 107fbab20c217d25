"""A twin put to use: predict gives for an archive's own input what the archive holds, and refuses what cannot be; a fit begins with the twin of another
archive."""
import csv
import pathlib

import h5py
import numpy as np

from harness import case, check, main, ok, rate, refused, write


def inputs_of(archive, path):
    """The recorded activities of the rate experiment as the twin's input: a row a bin."""
    with h5py.File(archive) as f:
        data = f["report/X/data"][:]
    with open(path, "w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([f"X[{i}] activity" for i in range(data.shape[1])])
        writer.writerows(data.tolist())


@case("predict gives for an archive's own input what the archive holds")
def _():
    write(rate)
    ok("run", "experiment.toml", "-o", "run.h5")
    inputs_of("run.h5", "input.csv")
    ok("predict", "run.h5", "--input", "input.csv")
    rows = list(csv.reader(open("input_predicted.csv")))
    check(rows[0][0] == "time" and rows[0][1] == "X[0] activity", f"the columns are the targets: {rows[0][:3]}")
    predicted = {float(row[0]): np.array(row[1:], float) for row in rows[1:]}
    with h5py.File("run.h5") as f:
        times, values = f["proxon/predictions/time_ms"][:], f["proxon/predictions/prediction"][:]
    # The target lies 1 ms after the bin that is seen.
    worst = max(np.abs(predicted[t - 1] - v).max() for t, v in zip(times, values))
    check(len(times) > 1000 and worst < 1e-6, f"the same predictions: {worst}")


@case("predict refuses what cannot be")
def _():
    write(rate)
    ok("simulate", "experiment.toml", "-o", "run.h5")
    inputs_of("run.h5", "input.csv")
    refused("predict", "run.h5", "--input", "input.csv", says=["holds no twin", "proxon fit"])
    ok("fit", "--from", "run.h5")
    refused("predict", "run.h5", says=["--input"])
    refused("predict", "run.h5", "--input", "nowhere.csv", says=["nowhere.csv", "cannot be opened"])
    ok("predict", "run.h5", "--input", "input.csv", "-o", "out.csv")
    refused("predict", "run.h5", "--input", "input.csv", "-o", "out.csv", says=["out.csv", "--overwrite"])
    text = pathlib.Path("input.csv").read_text()
    write(text.replace("X[3] activity", "X[3]"), "renamed.csv")
    refused("predict", "run.h5", "--input", "renamed.csv", says=["has no column 'X[3] activity'"])
    lines = text.splitlines()
    write("\n".join([lines[0], "nan" + lines[1][lines[1].index(","):]]), "bad.csv")
    refused("predict", "run.h5", "--input", "bad.csv", says=["bad.csv:2", "not a finite number"])


# Sentences of words and of their numbers, each a file; labels hold what a CSV file must quote.
sentences = """title = "labels"

[files.words]
path = "words.conll"

[files.numbers]
path = "numbers.conll"

[samples.inputs.word]
reader = "conll"
train = "words"
test = "words"
column = 0
encoding = "word"

[samples.inputs.number]
reader = "conll"
train = "numbers"
test = "numbers"
column = 0
encoding = "word"

[samples.targets.label]
reader = "conll"
train = "words"
test = "words"
column = 1
encoding = "class"

[model]
approximator = { name = "recurrent", units = [4] }

[training]
optimizer = { name = "adam", learning_rate = 0.05 }
loss = "cross_entropy"
epochs = 30

[evaluation]
metrics = ["mse"]
"""


@case("classes whose names hold quotes and commas stay what they are; tables of inputs, in an order of their own, have a file each")
def _():
    labels = {"one": 'a,"1"', "two": 'b"', "three": "c,"}
    order = ["one", "two", "three", "two", "two", "three", "one"] * 12
    lines = [[f"{word}\t{labels[word]}\n" + ("\n" if i % 7 == 6 else "") for i, word in enumerate(order)],
             [f"{len(word)}\n" + ("\n" if i % 7 == 6 else "") for i, word in enumerate(order)]]
    write("".join(lines[0]), "words.conll"), write("".join(lines[1]), "numbers.conll")
    write(sentences)
    ok("run", "experiment.toml", "-o", "run.h5")
    refused("predict", "run.h5", "--input", "words.conll", says=["2 tables of inputs, word, number", "NAME=FILE"])
    refused("predict", "run.h5", "--input", "word=words.conll", says=["number=FILE"])
    ok("predict", "run.h5", "--input", "number=numbers.conll", "--input", "word=words.conll")
    head, *rows = csv.reader(open("words_predicted.csv"))
    check([row[2] for row in rows] == [labels[word] for word in order], f"{head[2]} of each word is told: {rows[:3]}")
    check(sorted(labels.values()) == sorted(head[3:]), f"the columns have their names: {head}")


@case("a fit begins with the twin of another archive")
def _():
    write(rate)
    ok("run", "experiment.toml", "-o", "run.h5")
    ok("fit", "--from", "run.h5", "-o", "same.h5", "--set", 'training.init_archive="run.h5"', "--set", "training.epochs=0")
    with h5py.File("run.h5") as a, h5py.File("same.h5") as b:
        check(np.array_equal(a["proxon/model/theta"][:], b["proxon/model/theta"][:]), "the same twin")
    refused("fit", "--from", "run.h5", "-o", "other.h5", "--set", 'training.init_archive="run.h5"', "--set", "model.approximator.hidden=[3]",
            says=["layers", "parameters it was fitted with"])
    ok("simulate", "experiment.toml", "-o", "empty.h5")
    refused("fit", "--from", "run.h5", "-o", "other.h5", "--set", 'training.init_archive="empty.h5"', says=["empty.h5", "holds no twin"])


main()
