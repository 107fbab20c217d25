#include "example.hpp"

using namespace example;

namespace {
bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("an expression in the constants takes the place of a number, in the key's own unit") {
  const Values values = read("size = \"= round(20683 * scale)\"\ntau_m = \"= 2 * J\"\nrates = [1, \"= -J_i / 2\", \"=2^3\"]\n"
                             "weight = { distribution = \"uniform\", low = \"= -J\", high = \"= max(J, 4)\" }\n"
                             "[constants]\nscale = 0.01\nJ_i = \"= -g * J\"\ng = 4\nJ = 1.5\n");
  const auto& e = values.as<Everything>();
  CHECK(e.size == 207);
  CHECK(e.tau_m == 3);
  REQUIRE(e.rates.size() == 3);
  CHECK(e.rates[1] == 3);
  CHECK(e.rates[2] == 8);
  CHECK(e.weight.low == -1.5);
  CHECK(e.weight.high == 4);
}

TEST_CASE("--set changes a constant, and may itself give an expression") {
  CHECK(read("size = \"= 10 * n\"\n[constants]\nn = 2", {"constants.n=3"}).as<Everything>().size == 30);
  CHECK(read("size = 1\ntau_m = \"= n\"\n[constants]\nn = 2", {"size== 10 * n"}).as<Everything>().size == 20);
}

TEST_CASE("a wrong constant or expression is one sentence with its place") {
  CHECK(says(refusal("size = \"= 10 * sc\"\n[constants]\nscl = 2"), "e.toml:1:8: size: [constants] has no 'sc'. Did you mean 'scl'?"));
  CHECK(says(refusal("size = 1\n[constants]\nn = 2"), "e.toml:3:5: constants.n: nothing uses this constant."));
  CHECK(says(refusal("size = \"= n\"\n[constants]\nn = \"= m\"\nm = \"= n\""), "depends on itself"));
  CHECK(says(refusal("size = \"= 2 *\"\n"), "e.toml:1:8: size: '= 2 *' is not an expression: "));
  CHECK(says(refusal("tau_m = \"= 1 / (2 - n)\"\n[constants]\nn = 2"), "tau_m: '= 1 / (2 - n)' is inf, not a finite number."));
  CHECK(says(refusal("tau_m = \"= n\"\n[constants]\nn = \"2 ms\""), "constants.n: must be a number, or an expression"));
  CHECK(says(refusal("tau_m = \"= n\"\n[constants]\nn = true"), "constants.n: must be a number, or an expression"));
  // What the value is refused for names the place of the expression.
  CHECK(says(refusal("size = 1\nlayers = [1]\n\n  tau_m = \"= -n\"\n[constants]\nn = 2"), "e.toml:4:11: tau_m: "));
  CHECK(says(refusal("size = \"= n / 4\"\n[constants]\nn = 2"), "size: "));
}
