"""The operators of ONNX that `proxon export` writes, plainly in numpy from the text of the standard (https://onnx.ai/onnx/operators): the slow oracle of
exported models. What it is asked to do and does not know raises Unknown, never a guess. `cases` are the standard's own, to check this file by."""
import pathlib

import numpy as np
import onnx
from onnx import numpy_helper

test_data = pathlib.Path("/usr/share/libonnx-testdata/data/node")


class Unknown(Exception):
    pass


def need(holds, what):
    if not holds:
        raise Unknown(what)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def windows(x, kernel, strides, dilations, pads, fill):
    """[batch, channels, places..., kernel...] of x [batch, channels, extent...]."""
    n = len(kernel)
    x = np.pad(x, [(0, 0), (0, 0), *zip(pads[:n], pads[n:])], constant_values=fill)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    views = np.lib.stride_tricks.sliding_window_view(x, reach, axis=tuple(range(2, 2 + n)))
    every = tuple(slice(None, None, s) for s in strides)
    within = tuple(slice(None, None, d) for d in dilations)
    return views[(slice(None), slice(None), *every, *within)]


def spatial(a, kernel):
    need(a.get("auto_pad", b"NOTSET") == b"NOTSET", "auto_pad")
    n = len(kernel)
    return a.get("strides", [1] * n), a.get("dilations", [1] * n), a.get("pads", [0] * 2 * n)


def conv(a, x, w, b=None):
    need(a.get("group", 1) == 1, "group")
    kernel = w.shape[2:]
    seen = windows(x, kernel, *spatial(a, kernel), 0)
    n = len(kernel)
    y = np.tensordot(seen, w, axes=([1, *range(2 + n, 2 + 2 * n)], [1, *range(2, 2 + n)]))
    y = np.moveaxis(y, -1, 1)
    return y if b is None else y + b.reshape(1, -1, *[1] * n)


def max_pool(a, x):
    need(a.get("ceil_mode", 0) == 0 and a.get("storage_order", 0) == 0, "ceil_mode")
    need(x.dtype == np.float32, "a type")
    kernel = a["kernel_shape"]
    seen = windows(x, kernel, *spatial(a, kernel), -np.inf)
    return seen.max(axis=tuple(range(-len(kernel), 0)))


def recurrent(a, kind, x, w, r, b=None, lengths=None, h0=None, c0=None, peepholes=None):
    need(a.get("layout", 0) == 0 and lengths is None and peepholes is None and "clip" not in a and "activations" not in a, "a recurrent network of another kind")
    direction, units = a.get("direction", b"forward"), a["hidden_size"]
    ways = {b"forward": [1], b"reverse": [-1], b"bidirectional": [1, -1]}[direction]
    steps, batch = x.shape[:2]
    y = np.zeros((steps, len(ways), batch, units), x.dtype)
    last = []
    for d, way in enumerate(ways):
        wb, rb = np.split(b[d], 2) if b is not None else (np.zeros(len(w[d]), x.dtype),) * 2
        h = h0[d] if h0 is not None else np.zeros((batch, units), x.dtype)
        c = c0[d] if c0 is not None else np.zeros((batch, units), x.dtype)
        for t in range(steps)[::way]:
            into, back = x[t] @ w[d].T + wb, h @ r[d].T + rb
            if kind == "RNN":
                h = np.tanh(into + back)
            elif kind == "LSTM":
                i, o, f, g = np.split(into + back, 4, axis=1)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            else:
                z, reset = (sigmoid(part) for part in np.split((into + back)[:, :2 * units], 2, axis=1))
                n, recurrent_n, bias_n = into[:, 2 * units:], r[d][2 * units:], rb[2 * units:]
                if a.get("linear_before_reset", 0):
                    n = np.tanh(n + reset * (h @ recurrent_n.T + bias_n))
                else:
                    n = np.tanh(n + (reset * h) @ recurrent_n.T + bias_n)
                h = (1 - z) * n + z * h
            y[t, d] = h
        last.append((h, c))
    return [y, np.stack([h for h, _ in last]), np.stack([c for _, c in last])]


def reshape(a, x, shape):
    need(a.get("allowzero", 0) == 0, "allowzero")
    return x.reshape([x.shape[i] if n == 0 else n for i, n in enumerate(shape)])


def cut(a, x, starts, ends, axes=None, steps=None):
    place = [slice(None)] * x.ndim
    axes = range(len(starts)) if axes is None else axes
    for start, end, axis, step in zip(starts, ends, axes, [1] * len(starts) if steps is None else steps):
        need(step > 0, "a negative step")
        place[axis] = slice(start, end, step)
    return x[tuple(place)]


def layer_norm(a, x, gain, bias=None):
    over = tuple(range(a.get("axis", -1) % x.ndim, x.ndim))
    mean = x.mean(over, keepdims=True)
    inverse = 1 / np.sqrt(x.var(over, keepdims=True) + np.float32(a.get("epsilon", 1e-5)))
    return [(x - mean) * inverse * gain + (0 if bias is None else bias), mean, inverse]


def softmax(a, x):
    axis = a.get("axis", -1)
    y = np.exp(x - x.max(axis, keepdims=True))
    return y / y.sum(axis, keepdims=True)


def cast(a, x):
    need(a["to"] == onnx.TensorProto.FLOAT and x.dtype in (bool, np.float64), "a type")
    return x.astype(np.float32)


def scan(a, outer, *given):
    """Inputs are states and then sequences; the body's outputs are the new states and then what is kept of a step."""
    body, n = a["body"], a["num_scan_inputs"]
    need(all(x is not None for x in given), "Scan of operator set 8")
    need(not any(a.get("scan_input_directions", [])) and not any(a.get("scan_output_directions", [])), "backwards")
    states, sequences = list(given[:len(given) - n]), given[len(given) - n:]
    axes = a.get("scan_input_axes", [0] * n)
    kept = []
    for t in range(sequences[0].shape[axes[0]]):
        step = [np.take(x, t, axis) for x, axis in zip(sequences, axes)]
        out = run_graph(body, dict(zip([i.name for i in body.input], states + step)), outer)
        states, row = out[:len(states)], out[len(states):]
        kept.append(row)
    output_axes = a.get("scan_output_axes", [0] * len(kept[0]))
    return states + [np.stack([row[i] for row in kept], axis) for i, axis in enumerate(output_axes)]


operators = {
    "Add": lambda a, x, y: x + y,
    "Cast": cast,
    "Concat": lambda a, *x: np.concatenate(x, a["axis"]),
    "ConstantOfShape": lambda a, shape: np.full(shape, numpy_helper.to_array(a["value"])[0] if "value" in a else np.float32(0)),
    "Conv": conv,
    "Div": lambda a, x, y: x / y if x.dtype.kind == "f" else need(False, "integers"),
    "GRU": lambda a, *x: recurrent(a, "GRU", *x),
    "Greater": lambda a, x, y: x > y,
    "Identity": lambda a, x: x,
    "LSTM": lambda a, *x: recurrent(a, "LSTM", *x),
    "LayerNormalization": layer_norm,
    "Less": lambda a, x, y: x < y,
    "MatMul": lambda a, x, y: x @ y,
    "MaxPool": max_pool,
    "Mul": lambda a, x, y: x * y,
    "RNN": lambda a, *x: recurrent(a, "RNN", *x),
    "Relu": lambda a, x: np.maximum(x, 0),
    "Reshape": reshape,
    "Shape": lambda a, x: np.array(x.shape[a.get("start", 0):a.get("end")], np.int64),
    "Sigmoid": lambda a, x: sigmoid(x),
    "Slice": cut,
    "Softmax": softmax,
    "Softplus": lambda a, x: np.logaddexp(np.float32(0), x),
    "Sub": lambda a, x, y: x - y,
    "Tanh": lambda a, x: np.tanh(x),
    "Transpose": lambda a, x: np.transpose(x, a.get("perm")),
}


def run_graph(graph, values, outer):
    values = {**outer, **{t.name: numpy_helper.to_array(t) for t in graph.initializer}, **values}
    for node in graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        given = [values[name] if name else None for name in node.input]
        if node.op_type == "Scan":
            result = scan(attributes, values, *given)
        else:
            need(node.op_type in operators, node.op_type)
            result = operators[node.op_type](attributes, *given)
        result = result if isinstance(result, list) else [result]
        need(len(result) >= len(node.output), f"a second output of {node.op_type}")
        for name, value in zip(node.output, result):
            values[name] = value
    return [values[output.name] for output in graph.output]


def evaluate(model, *inputs):
    """The outputs of a model for its inputs, in their order."""
    return run_graph(model.graph, dict(zip([i.name for i in model.graph.input], inputs)), {})


def cases():
    """(name, model, inputs, outputs) of the standard's cases of single operators that are known here."""
    def tensor(path):
        return numpy_helper.to_array(onnx.load_tensor(str(path)))
    for folder in sorted(test_data.glob("test_*")):
        model = onnx.load(str(folder / "model.onnx"))
        if any(node.op_type not in operators and node.op_type != "Scan" for node in model.graph.node):
            continue
        data = folder / "test_data_set_0"
        try:
            inputs = [tensor(data / f"input_{i}.pb") for i in range(len(model.graph.input))]
            outputs = [tensor(data / f"output_{i}.pb") for i in range(len(model.graph.output))]
        except Exception:
            continue  # sequences and the like, which are no tensors
        yield folder.name, model, inputs, outputs
