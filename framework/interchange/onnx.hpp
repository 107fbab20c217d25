// A twin as an ONNX model (operator set 17, https://onnx.ai), which ONNX Runtime and most inference engines run. Its one input "X" is
// [batch x steps x channels] in the channels' own units, its one output "Y" [batch x steps x channels] in the targets': normalisation before and
// activations of the heads after are part of the graph. Names, units and the bin stand in its metadata. The only file that knows protobuf is onnx.cpp.
#pragma once
#include <string>

#include "proxon/interchange/twin_frame.hpp"

namespace proxon {

/// The model, serialised. Throws Error with one sentence.
std::string onnx_model(const Model& model, const TwinFrame& frame);

}  // namespace proxon
