// Recordings that a stimulus replays: read from text, SONATA or NWB files into the stimulus's lists (framework/plugin/stimulus.hpp), so that
// plugins need no reader of their own.
#pragma once
#include "proxon/schema/values.hpp"

namespace proxon {

/// Fills `times`, `neurons` and `values` of a stimulus whose parameter `file` names a recording; leaves other stimuli as they are. Throws
/// Error for a file that cannot be read and for a neuron that a population of `targets` does not have.
void fill_from_recording(PluginValue& generator, int64_t targets);

}  // namespace proxon
