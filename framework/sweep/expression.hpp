// Conditions over the axes of a sweep, as a person writes them: `hidden * batch <= 4096 or optimizer == "sgd"`. Numbers, texts in quotes,
// names of axes, + - * / ^, < <= > >= == !=, and, or, not, brackets. An axis that is not active in a trial has no value: a condition that needs
// it is then neither true nor false.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxon::sweep {

/// What an axis has in a trial: a number, a text, or nothing.
struct AxisValue {
  enum Kind { nothing, is_number, is_text } kind = nothing;
  double number = 0;
  std::string text = {};
  bool operator==(const AxisValue&) const = default;
};

class Expression {
 public:
  /// Throws Error "'TEXT': what is wrong" with the nearest name.
  Expression(std::string text, const std::vector<std::string>& names);

  /// True or false; nothing when a value that it needs is missing. `values` are in the order of the names.
  std::optional<bool> holds(const std::vector<AxisValue>& values) const;

  const std::string& text() const { return text_; }
  /// Positions of the names that it needs.
  const std::vector<size_t>& needs() const { return needs_; }

  /// One step of the calculation, in the order of a stack machine.
  struct Step {
    enum Operation { constant, axis, add, subtract, multiply, divide, power, negate, less, less_equal, greater, greater_equal, equal, unequal,
                     logical_and, logical_or, logical_not } operation;
    AxisValue value = {};
    size_t position = 0;
  };

 private:
  std::string text_;
  std::vector<Step> steps_;
  std::vector<size_t> needs_;
};

}  // namespace proxon::sweep
