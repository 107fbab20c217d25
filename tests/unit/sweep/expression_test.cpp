#include <doctest/doctest.h>

#include "proxon/base/error.hpp"
#include "proxon/sweep/expression.hpp"

using namespace proxon;
using namespace proxon::sweep;

namespace {

const std::vector<std::string> names{"batch", "rate", "rule"};

AxisValue number(double x) { return {AxisValue::is_number, x}; }
AxisValue text(std::string t) { return {AxisValue::is_text, 0, std::move(t)}; }

bool holds(const std::string& condition, double batch = 32, double rate = 0.01, const std::string& rule = "hebb") {
  return Expression(condition, names).holds({number(batch), number(rate), text(rule)}).value();
}

std::string refused(const std::string& condition) {
  try {
    Expression(condition, names).holds({number(1), number(1), text("hebb")});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("conditions follow the usual order of operations") {
  CHECK(holds("batch * 2 + 1 == 65"));
  CHECK(holds("1 + batch * 2 == 65"));
  CHECK(holds("(1 + batch) * 2 == 66"));
  CHECK(holds("2 ^ 3 ^ 2 == 512"));
  CHECK(holds("-2 ^ 2 == -4"));
  CHECK(holds("10 - 3 - 2 == 5"));
  CHECK(holds("16 / 4 / 2 == 2"));
  CHECK(holds("rate >= 1e-2 and rate <= .01"));
}

TEST_CASE("and binds more than or, not more than and") {
  CHECK(holds("batch < 1 and batch > 1 or batch == 32"));
  CHECK(holds("batch == 32 or batch < 1 and batch > 1"));
  CHECK(!holds("not batch == 32 or batch < 1"));
  CHECK(holds("not (batch < 1 or batch > 100)"));
}

TEST_CASE("texts compare as texts") {
  CHECK(holds("rule == 'hebb'"));
  CHECK(holds("rule != \"oja\""));
  CHECK(!holds("rule == 'heb'"));
  CHECK(!holds("rule == 3"));
}

TEST_CASE("a condition that needs an axis without a value is neither true nor false") {
  const Expression condition("rate < 1", names);
  CHECK(!condition.holds({number(1), {}, {}}).has_value());
  CHECK(condition.holds({{}, number(0.5), {}}) == true);
  CHECK(condition.needs() == std::vector<size_t>{1});
}

TEST_CASE("a condition that is no condition is refused with what is wrong and the nearest name") {
  CHECK(refused("bacth < 3") == "'bacth < 3': there is no axis 'bacth'; there are: batch, rate, rule. Did you mean 'batch'?");
  CHECK(refused("batch = 3") == "'batch = 3': write == to compare.");
  CHECK(refused("batch <") == "'batch <': ends where a number, a text or an axis was expected.");
  CHECK(refused("(batch < 3") == "'(batch < 3': a bracket is not closed.");
  CHECK(refused("rule == 'hebb") == "'rule == 'hebb': a quote is not closed.");
  CHECK(refused("batch < 3 rate") == "'batch < 3 rate': 'rate' was not expected.");
  CHECK(refused("") == "'': ends where a number, a text or an axis was expected.");
  CHECK(refused("batch < 3 & rate < 1") == "'batch < 3 & rate < 1': '& rate < 1' was not expected.");
  CHECK(refused("rule < 3") == "'rule < 3': \"hebb\" is a text, and a number is needed there.");
}
