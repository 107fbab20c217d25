// Test functions of global optimisation, as in Dixon & Szego 1978 and Picheny, Wagner & Ginsbourger 2013 (doi:10.1007/s00158-013-0919-4).
#include <array>
#include <chrono>
#include <cmath>

#include "proxon/base/error.hpp"
#include "proxon/sweep/task.hpp"

namespace proxon::sweep {
namespace {

using View = std::span<const double>;

double sphere(View x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return sum;
}

double rosenbrock(View x) {
  double sum = 0;
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    const double bend = x[i + 1] - x[i] * x[i], short_of = 1 - x[i];
    sum += 100 * bend * bend + short_of * short_of;
  }
  return sum;
}

double branin(View x) {
  constexpr double pi = 3.14159265358979323846, b = 5.1 / (4 * pi * pi), c = 5 / pi, t = 1 / (8 * pi);
  const double valley = x[1] - b * x[0] * x[0] + c * x[0] - 6;
  return valley * valley + 10 * (1 - t) * std::cos(x[0]) + 10;
}

double hartmann6(View x) {
  constexpr double alpha[4] = {1.0, 1.2, 3.0, 3.2};
  constexpr double A[4][6] = {{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}};
  constexpr double P[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                              {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                              {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                              {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double inner = 0;
    for (int j = 0; j < 6; ++j) inner += A[i][j] * (x[static_cast<size_t>(j)] - P[i][j]) * (x[static_cast<size_t>(j)] - P[i][j]);
    sum += alpha[i] * std::exp(-inner);
  }
  return -sum;
}

struct Function {
  std::string_view name;
  double (*value)(View);
  size_t least, most;  ///< axes
};
constexpr std::array functions = {Function{"sphere", sphere, 1, 1000}, Function{"rosenbrock", rosenbrock, 2, 1000}, Function{"branin", branin, 2, 2},
                                  Function{"hartmann6", hartmann6, 6, 6}};

const Function& find(std::string_view name) {
  for (const Function& function : functions)
    if (function.name == name) return function;
  fail("there is no test function '{}'; there are: {}.{}", name, fmt::join(test_functions(), ", "), did_you_mean(name, test_functions()));
}

class FunctionTask : public Task {
 public:
  FunctionTask(const std::string& name, double milliseconds, const Space& space) : function_(find(name)), milliseconds_(milliseconds) {
    const size_t n = space.axes.size();
    if (n < function_.least || n > function_.most)
      fail("function '{}' has {} variable{}, and there {} {} ax{}.", name, function_.least == function_.most ? std::to_string(function_.least) : fmt::format("at least {}", function_.least),
           function_.least == 1 ? "" : "s", n == 1 ? "is" : "are", n, n == 1 ? "is" : "es");
    for (const Axis& axis : space.axes)
      if (axis.is_text() || axis.when) fail("{}: a test function takes numbers: a range, or values that are numbers, without a condition.", axis.where);
  }

  std::string basis() const override { return fmt::format("function {}", function_.name); }

  TrialId identify(const Space&, const Trial& trial) override {
    const std::string_view values(reinterpret_cast<const char*>(trial.point.data()), trial.point.size() * sizeof(double));
    return hash_of({function_.name, values, std::to_string(trial.repeat)});
  }

  void run(const Space& space, const Trial& trial, const std::string&, Result& result) override {
    const auto start = std::chrono::steady_clock::now();
    result.trial.id = identify(space, trial);
    result.figures = {{"value", function_.value(trial.point)}};
    while (std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() < milliseconds_) continue;
  }

 private:
  const Function& function_;
  double milliseconds_;
};

}  // namespace

std::vector<std::string> test_functions() {
  std::vector<std::string> names;
  for (const Function& function : functions) names.emplace_back(function.name);
  return names;
}

double test_function(std::string_view name, std::span<const double> x) { return find(name).value(x); }

std::unique_ptr<Task> function_task(const std::string& name, double milliseconds, const Space& space) {
  return std::make_unique<FunctionTask>(name, milliseconds, space);
}

}  // namespace proxon::sweep
