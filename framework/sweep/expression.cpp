#include "proxon/sweep/expression.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "proxon/base/error.hpp"

namespace proxon::sweep {
namespace {

using Step = Expression::Step;

/// Recursive descent: or < and < not < comparison < sum < product < sign < power.
class Parser {
 public:
  Parser(const std::string& text, const std::vector<std::string>& names) : text_(text), names_(names) {}

  std::vector<Step> parse() {
    either();
    skip();
    if (at_ < text_.size()) wrong(fmt::format("'{}' was not expected", text_.substr(at_)));
    return std::move(steps_);
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const { fail("'{}': {}.", text_, what); }
  void skip() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  static bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }
  bool take(std::string_view token) {
    skip();
    if (text_.compare(at_, token.size(), token) != 0) return false;
    if (in_name(token[0]) && at_ + token.size() < text_.size() && in_name(text_[at_ + token.size()])) return false;
    at_ += token.size();
    return true;
  }
  void emit(Step::Operation operation) { steps_.push_back({operation}); }

  void either() {
    both();
    while (take("or")) both(), emit(Step::logical_or);
  }
  void both() {
    negation();
    while (take("and")) negation(), emit(Step::logical_and);
  }
  void negation() {
    if (!take("not")) return comparison();
    negation(), emit(Step::logical_not);
  }
  void comparison() {
    sum();
    // The longer signs first.
    constexpr std::pair<std::string_view, Step::Operation> signs[] = {{"<=", Step::less_equal}, {">=", Step::greater_equal}, {"==", Step::equal},
                                                                      {"!=", Step::unequal},    {"<", Step::less},           {">", Step::greater}};
    for (const auto& [sign, operation] : signs)
      if (take(sign)) return sum(), emit(operation);
    skip();
    if (at_ < text_.size() && text_[at_] == '=') wrong("write == to compare");
  }
  void sum() {
    product();
    while (true) {
      if (take("+")) product(), emit(Step::add);
      else if (take("-")) product(), emit(Step::subtract);
      else return;
    }
  }
  void product() {
    sign();
    while (true) {
      if (take("*")) sign(), emit(Step::multiply);
      else if (take("/")) sign(), emit(Step::divide);
      else return;
    }
  }
  void sign() {
    if (!take("-")) return raised();
    sign(), emit(Step::negate);
  }
  void raised() {
    operand();
    if (take("^")) sign(), emit(Step::power);
  }
  void operand() {
    skip();
    if (at_ >= text_.size()) wrong("ends where a number, a text or an axis was expected");
    const char c = text_[at_];
    if (take("(")) {
      either();
      if (!take(")")) wrong("a bracket is not closed");
      return;
    }
    if (c == '"' || c == '\'') {
      const size_t end = text_.find(c, at_ + 1);
      if (end == std::string::npos) wrong("a quote is not closed");
      steps_.push_back({Step::constant, {AxisValue::is_text, 0, text_.substr(at_ + 1, end - at_ - 1)}});
      at_ = end + 1;
      return;
    }
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '.') {
      double value = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
      if (error != std::errc()) wrong(fmt::format("'{}' is not a number", text_.substr(at_)));
      at_ = static_cast<size_t>(end - text_.data());
      steps_.push_back({Step::constant, {AxisValue::is_number, value}});
      return;
    }
    size_t end = at_;
    while (end < text_.size() && in_name(text_[end])) ++end;
    if (end == at_) wrong(fmt::format("'{}' was not expected", text_.substr(at_)));
    const std::string name = text_.substr(at_, end - at_);
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end())
      fail("'{}': there is no axis '{}'; there are: {}.{}", text_, name, fmt::join(names_, ", "), did_you_mean(name, names_));
    steps_.push_back({Step::axis, {}, static_cast<size_t>(found - names_.begin())});
    at_ = end;
  }

  const std::string& text_;
  const std::vector<std::string>& names_;
  size_t at_ = 0;
  std::vector<Step> steps_;
};

double number(const AxisValue& value, const std::string& text) {
  if (value.kind == AxisValue::is_number) return value.number;
  fail("'{}': \"{}\" is a text, and a number is needed there.", text, value.text);
}

AxisValue of(double x) { return {AxisValue::is_number, x}; }

double compare(Step::Operation operation, const AxisValue& a, const AxisValue& b, const std::string& text) {
  if (operation == Step::equal) return a == b;
  if (operation == Step::unequal) return a != b;
  const double x = number(a, text), y = number(b, text);
  switch (operation) {
    case Step::less: return x < y;
    case Step::less_equal: return x <= y;
    case Step::greater: return x > y;
    default: return x >= y;
  }
}

}  // namespace

Expression::Expression(std::string text, const std::vector<std::string>& names) : text_(std::move(text)) {
  steps_ = Parser(text_, names).parse();
  for (const Step& step : steps_)
    if (step.operation == Step::axis) needs_.push_back(step.position);
}

std::optional<bool> Expression::holds(const std::vector<AxisValue>& values) const {
  for (const size_t position : needs_)
    if (values[position].kind == AxisValue::nothing) return std::nullopt;
  std::vector<AxisValue> stack;
  auto pop = [&] {
    AxisValue top = std::move(stack.back());
    stack.pop_back();
    return top;
  };
  for (const Step& step : steps_) {
    switch (step.operation) {
      case Step::constant: stack.push_back(step.value); continue;
      case Step::axis: stack.push_back(values[step.position]); continue;
      case Step::negate: stack.back() = of(-number(stack.back(), text_)); continue;
      case Step::logical_not: stack.back() = of(number(stack.back(), text_) == 0 ? 1 : 0); continue;
      default: break;
    }
    const AxisValue b = pop(), a = pop();
    double result = 0;
    switch (step.operation) {
      case Step::add: result = number(a, text_) + number(b, text_); break;
      case Step::subtract: result = number(a, text_) - number(b, text_); break;
      case Step::multiply: result = number(a, text_) * number(b, text_); break;
      case Step::divide: result = number(a, text_) / number(b, text_); break;
      case Step::power: result = std::pow(number(a, text_), number(b, text_)); break;
      case Step::logical_and: result = number(a, text_) != 0 && number(b, text_) != 0; break;
      case Step::logical_or: result = number(a, text_) != 0 || number(b, text_) != 0; break;
      default: result = compare(step.operation, a, b, text_);
    }
    stack.push_back(of(result));
  }
  return number(stack.back(), text_) != 0;
}

}  // namespace proxon::sweep
