// Units of parameters. A declaration names its unit; an experiment file may write a bare number (taken in that unit) or a
// number with a unit ("20 ms", "0.02 s"), which is converted, or refused when it measures something else.
//
// House units: ms, mV, pA, nS, pF, Hz. "1" is a pure number.
#pragma once
#include <string>
#include <string_view>

namespace proxon {

/// True for a unit that this page knows: s ms us | V mV uV | A nA pA | S uS nS | F pF | Hz kHz 1/ms | mm um | 1 ...
bool is_unit(std::string_view unit);

/// True when both measure the same quantity, so that one can be converted into the other.
bool same_quantity(std::string_view a, std::string_view b);

/// `value` in `from`, expressed in `to`. Throws Error when they measure different quantities or one is unknown.
double convert(double value, std::string_view from, std::string_view to);

/// A number with its unit as read from text: "20 ms" is {20, "ms"}, "0.5" is {0.5, ""}.
struct Quantity {
  double value = 0;
  std::string unit;
};

/// Reads "20 ms", "-65mV", "1e3"; throws Error with a sentence that starts with the text when it is neither.
Quantity parse_quantity(std::string_view text);

}  // namespace proxon
