#include "proxon/evaluation/nulls.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "proxon/base/random.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/evaluation/linear_nonlinear.hpp"

using namespace proxon;

namespace {

/// Samples in memory with a clock: sample n of the training span begins at bin n * steps, the others go on after it.
class Made : public NamedSource {
 public:
  Made(int64_t inputs, int64_t outputs, int64_t steps = 1, int64_t burn_in = 0, int64_t trial = 0)
      : memory_(inputs, outputs, steps, burn_in), trial_(trial) {}
  MemorySource& memory() { return memory_; }

  int64_t inputs() const override { return memory_.inputs(); }
  int64_t outputs() const override { return memory_.outputs(); }
  int64_t steps() const override { return memory_.steps(); }
  int64_t burn_in() const override { return memory_.burn_in(); }
  int64_t samples(Split split) const override { return memory_.samples(split); }
  void gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) override { memory_.gather(split, numbers, X, Y); }
  std::vector<float> mean_targets() const override { return std::vector<float>(static_cast<size_t>(outputs()), 0.25f); }

  std::vector<std::string> output_names() const override { return std::vector<std::string>(static_cast<size_t>(outputs()), "y"); }
  std::vector<std::pair<int64_t, int64_t>> target_ranges() const override { return {{0, outputs()}}; }
  double bin() const override { return 10; }
  double trial() const override { return static_cast<double>(trial_) * bin(); }
  double sample_time(Split split, int64_t number) const override {
    int64_t before = 0;
    for (size_t s = 0; s < static_cast<size_t>(split); ++s) before += samples(static_cast<Split>(s));
    return static_cast<double>((before + number) * steps() + 1) * bin();
  }
  std::vector<float> baseline() const override { return mean_targets(); }
  void to_units(std::span<float> Y) const override {
    for (float& y : Y) y = 2 * y + 1;
  }
  std::string describe() const override { return ""; }

 private:
  MemorySource memory_;
  int64_t trial_;
};

constexpr Split splits[] = {Split::train, Split::validation, Split::test};

double rectified(double x) { return std::log1p(std::exp(3 * x)); }

/// y = softplus(3 w . x) with noise, w = (1, -0.5, 0, 0.25, 0 ...), and a second target of noise alone.
std::unique_ptr<Made> cascade(int64_t inputs, int64_t samples, std::vector<float>* truth = nullptr) {
  auto made = std::make_unique<Made>(inputs, 2);
  Stream draw(Key{3, purpose("test")}, 0);
  for (const Split split : splits) {
    std::vector<float> X, Y;
    for (int64_t n = 0; n < samples; ++n) {
      for (int64_t i = 0; i < inputs; ++i) X.push_back(static_cast<float>(3 + 2 * draw.normal()));
      const float* x = X.data() + n * inputs;
      const double clean = rectified(double(x[0] - 3) / 2 - double(x[1] - 3) / 4 + double(x[3] - 3) / 8);
      Y.push_back(static_cast<float>(clean + 0.3 * draw.normal())), Y.push_back(static_cast<float>(draw.normal()));
      if (truth && split == Split::test) truth->push_back(static_cast<float>(clean));
    }
    made->memory().set(split, X, Y);
  }
  return made;
}

/// Mean squared distance of every other value of a from b, or from a mean.
double distance(const std::vector<float>& a, size_t first, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < b.size(); ++i) sum += std::pow(double(a[2 * i + first]) - double(b[i]), 2);
  return sum / static_cast<double>(b.size());
}

double variance(const std::vector<float>& a) {
  double mean = 0, squares = 0;
  for (const float x : a) mean += double(x) / static_cast<double>(a.size());
  for (const float x : a) squares += std::pow(double(x) - mean, 2) / static_cast<double>(a.size());
  return squares;
}

}  // namespace

TEST_CASE("linear_nonlinear finds the filter of a cascade up to its length, and the nonlinearity behind it") {
  std::vector<float> truth;
  const auto made = cascade(8, 20000, &truth);
  const LinearNonlinear model(*made, {});
  const std::vector<float>& w = model.filter();
  REQUIRE(w.size() == 16);
  // 20,000 rows: a weight has a standard error of about the noise over sqrt(rows), some hundredths of w[0].
  CHECK(double(w[2] / w[0]) == doctest::Approx(-0.5).epsilon(0.04));
  CHECK(double(w[6] / w[0]) == doctest::Approx(0.25).epsilon(0.08));
  for (const size_t none : {4u, 8u, 10u, 12u, 14u}) CHECK(std::fabs(w[none] / w[0]) < 0.03f);
  // A linear function of x explains 84 % of this one.
  const std::vector<float> prediction = model.predict(*made, Split::test);
  CHECK(distance(prediction, 0, truth) < 0.005 * variance(truth));

  // What is noise stays near its mean.
  std::vector<float> noise;
  for (size_t i = 1; i < prediction.size(); i += 2) noise.push_back(prediction[i]);
  CHECK(variance(noise) < 0.01);

  // In the targets' own units as a null model.
  const NullPrediction null = null_prediction("linear_nonlinear", *made, Split::test, {});
  CHECK(null.name == "linear-nonlinear");
  CHECK(null.undefined.empty());
  CHECK(null.prediction[0] == 2 * prediction[0] + 1);
}

TEST_CASE("linear_nonlinear: the ridge is chosen on the validation span, so that few rows of many inputs do no harm") {
  std::vector<float> truth;
  const auto made = cascade(60, 150, &truth);
  const std::vector<float> prediction = LinearNonlinear(*made, {}).predict(*made, Split::test);
  CHECK(distance(prediction, 0, truth) < 0.6 * variance(truth));
  std::vector<float> noise;
  for (size_t i = 1; i < prediction.size(); i += 2) noise.push_back(prediction[i]);
  CHECK(variance(noise) < 0.5);
}

TEST_CASE("linear_nonlinear sees a sequence through exponential filters, and only what is asked for counts") {
  // One target is x0 seen through a filter of 5 bins, the other also has x1 of the bin before; targets of the burn-in are nonsense.
  constexpr int64_t steps = 120, burn_in = 40;
  Made made(2, 2, steps, burn_in);
  Stream draw(Key{4, purpose("test")}, 0);
  std::vector<float> wanted[2];
  for (const Split split : splits) {
    std::vector<float> X, Y;
    for (int64_t n = 0; n < 60; ++n) {
      double u = 0, last = 0;
      for (int64_t t = 0; t < steps; ++t) {
        const double x0 = draw.normal(), x1 = draw.normal();
        u = std::exp(-0.2) * u + x0;
        X.push_back(static_cast<float>(x0)), X.push_back(static_cast<float>(x1));
        for (const double y : {u, u + 0.5 * last}) {
          Y.push_back(static_cast<float>(t < burn_in ? 1e3 : y));
          if (split == Split::test && t >= burn_in) wanted[y == u ? 0 : 1].push_back(Y.back());
        }
        last = x1;
      }
    }
    made.memory().set(split, X, Y);
  }
  const auto unexplained = [&](std::span<const double> filter, size_t target) {
    const std::vector<float> prediction = LinearNonlinear(made, filter).predict(made, Split::test);
    REQUIRE(prediction.size() == 2 * wanted[target].size());
    return distance(prediction, target, wanted[target]) / variance(wanted[target]);
  };
  // Neither the filter of 5 bins nor the bin before is a sum of the present and of filters of 2, 6, 18 and 54 bins: most of it is.
  CHECK(unexplained({}, 0) < 0.01);
  CHECK(unexplained({}, 1) < 0.06);
  // What has the filter itself lacks it no more; f, drawn through levels, leaves a little at the ends.
  const double tau[] = {50};
  CHECK(unexplained(tau, 0) < 1e-3);
  CHECK(unexplained(tau, 1) > 0.05);
}

TEST_CASE("linear_nonlinear has the same bits for any number of threads, and says when there are too many weights") {
  const auto made = cascade(30, 3000);
  const int before = threads();
  set_threads(1);
  const std::vector<float> alone = LinearNonlinear(*made, {}).predict(*made, Split::test);
  for (const int n : {2, 3, 8}) {
    set_threads(n);
    CHECK(LinearNonlinear(*made, {}).predict(*made, Split::test) == alone);
  }
  set_threads(before);

  Made wide(500, 1, 7);
  CHECK(null_prediction("linear_nonlinear", wide, Split::test, {}).undefined == "its filter would have 2500 weights, and at most 2048 are fitted");
  const double one[] = {30};
  CHECK(LinearNonlinear::refusal(wide, one).empty());
}

TEST_CASE("psth is the mean of the training targets at each time within a trial") {
  // Trials of six bins, two samples of three steps each.
  Made made(1, 1, 3, 1, 6);
  std::vector<float> X(36, 0.f), Y;
  for (int n = 0; n < 12; ++n)
    for (int t = 0; t < 3; ++t) Y.push_back(static_cast<float>(100 * (n % 2) + 10 * t + n / 2));
  made.memory().set(Split::train, X, Y);
  made.memory().set(Split::test, {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0});
  const NullPrediction null = null_prediction("psth", made, Split::test, {});
  CHECK(null.name == "PSTH");
  // Means over six trials: 2.5 more than the first, doubled and 1 more by to_units; the burn-in has no row.
  CHECK(null.prediction == std::vector<float>{26, 46, 226, 246});

  Made continuous(1, 1);
  CHECK(null_prediction("psth", continuous, Split::test, {}).undefined == "there are no trials");
  // Bins 0 to 3 of a trial of eight are trained on, 4 and 5 are held back.
  Made parted(1, 1, 2, 0, 8);
  parted.memory().set(Split::train, {0, 0, 0, 0}, {0, 0, 0, 0});
  parted.memory().set(Split::test, {0, 0}, {0, 0});
  CHECK(null_prediction("psth", parted, Split::test, {}).undefined == "the training span has other times of a trial");
  const NullPrediction mean = null_mean({0.25f});
  CHECK(mean.prediction == std::vector<float>{0.25f});
  CHECK(mean.name == "mean of the training span");
  CHECK(mean.name_of_classes == "most frequent class");
}
