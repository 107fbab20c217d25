#include <doctest/doctest.h>
#include <unistd.h>

#include <boost/math/special_functions/gamma.hpp>

#include "support.hpp"

using namespace network_test;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

/// 200 x 500 synapses with drawn delays, in steps of dt.
Connectome drawn(const Distribution& delay, double dt = 0.1, uint64_t seed = 5) {
  Blueprint b = one_projection(rule("'all_to_all'"), 200, 500);
  b.graph[*edges(b.graph).first].delay = delay;
  return build(b, seed, dt);
}
std::string refused(const Distribution& delay, double dt = 0.1) {
  try {
    drawn(delay, dt);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

double normal(double z) { return std::erfc(-z / std::sqrt(2)) / 2; }

/// P(value <= x) for each distribution, written down once more.
double below(const Distribution& d, double x) {
  auto unbounded = [&](double t) {
    const double variation = d.std * d.std / (d.mean * d.mean), sigma = std::sqrt(std::log1p(variation));
    switch (d.kind) {
      case DistributionKind::normal:
        return normal((t - d.mean) / d.std);
      case DistributionKind::uniform:
        return (t - d.low) / (d.high - d.low);
      case DistributionKind::exponential:
        return t <= 0 ? 0 : 1 - std::exp(-t / d.mean);
      case DistributionKind::gamma:
        return t <= 0 ? 0 : boost::math::gamma_p(1 / variation, t / d.mean / variation);
      case DistributionKind::lognormal:
        return t <= 0 ? 0 : normal((std::log(t / d.mean) + sigma * sigma / 2) / sigma);
      default:
        return t >= d.mean ? 1. : 0.;
    }
  };
  if (x < d.low) return 0;
  if (x >= d.high) return 1;
  const double low = std::isinf(d.low) ? 0 : unbounded(d.low), high = std::isinf(d.high) ? 1 : unbounded(d.high);
  return (unbounded(x) - low) / (high - low);
}

}  // namespace

TEST_CASE("drawn delays are multiples of dt, at least one, each as often as its distribution has it") {
  const Distribution cases[] = {{DistributionKind::normal, 1.5, 0.75},
                                {DistributionKind::normal, 1.5, 0.75, 0.1, 2},
                                {.kind = DistributionKind::uniform, .low = 0.5, .high = 3.05},
                                {DistributionKind::lognormal, 1.2, 0.5},
                                {.kind = DistributionKind::exponential, .mean = 0.8},
                                {.kind = DistributionKind::exponential, .mean = 0.8, .high = 2},
                                {DistributionKind::gamma, 1.5, 0.7},
                                {DistributionKind::gamma, 0.5, 0.9},
                                {DistributionKind::lognormal, 20, 15, 3}};  // more than 256 delays
  for (const Distribution& d : cases) {
    CAPTURE(distribution_text(d));
    const Connectome c = drawn(d);
    const SynapseRows& rows = c.projections()[0];
    std::map<int64_t, double> seen;
    for (const double delay : delays_of(rows)) {
      const int64_t k = std::llround(delay * 10);
      REQUIRE(std::fabs(delay * 10 - double(k)) < 1e-5 * double(k));
      REQUIRE(k >= 1);
      ++seen[k];
    }
    // Chi-squared over the delays that are expected 20 times or more; five standard deviations.
    double chi2 = 0, classes = 0, outside = 100000, left = 1;
    for (int64_t k = 1; k < 3000; ++k) {
      const double p = below(d, (double(k) + 0.5) * 0.1) - (k == 1 ? 0 : below(d, (double(k) - 0.5) * 0.1)),
                   expected = 100000 * p;
      if (expected < 20) continue;
      chi2 += std::pow(seen[k] - expected, 2) / expected;
      outside -= seen[k], left -= p, ++classes;
    }
    CHECK(classes > 3);
    CHECK(std::fabs(chi2 - classes) < 5 * std::sqrt(2 * classes) + 5);
    CHECK(std::fabs(outside - 100000 * left) < 5 * std::sqrt(100000 * std::max(left, 1e-4)));
  }
}

TEST_CASE("few different delays take a byte a synapse, one takes none, more than 256 take a float") {
  const Connectome few = drawn({DistributionKind::normal, 1.5, 0.75}), one = drawn(Distribution::constant(1.5)),
                   same = drawn({DistributionKind::normal, 1.5, 1e-4}),
                   many = drawn({.kind = DistributionKind::uniform, .low = 1, .high = 100});
  CHECK(few.bytes() == 100000 * 9 + 201 * 8);
  CHECK(few.projections()[0].delay.table().front() == 0.1);
  CHECK(std::is_sorted(few.projections()[0].delay.table().begin(), few.projections()[0].delay.table().end()));
  CHECK(one.bytes() == 100000 * 8 + 201 * 8);
  CHECK(same.projections()[0].delay.shared());
  CHECK(same.projections()[0].delay[0] == 1.5);
  CHECK(many.bytes() == 100000 * 12 + 201 * 8);
  CHECK(many.projections()[0].delay.table().empty());
}

TEST_CASE("delays of a list are kept as they are, in a byte where they can") {
  Column<float> list;
  for (int i = 0; i < 1000; ++i) list.push_back(0.25f * static_cast<float>(i * 7 % 200 + 1));
  const Delays coded(list);
  CHECK(coded.table().size() == 200);
  CHECK(coded.bytes() == 1000);
  for (int64_t k = 0; k < 1000; ++k) REQUIRE(coded[k] == double{list[static_cast<size_t>(k)]});
  for (int i = 0; i < 1000; ++i) list[static_cast<size_t>(i)] = 0.25f * static_cast<float>(i + 1);
  const Delays floats(list);
  CHECK(floats.bytes() == 4000);
  for (int64_t k = 0; k < 1000; ++k) REQUIRE(floats[k] == double{list[static_cast<size_t>(k)]});
  CHECK(Delays(Column<float>(5, 2.5f)).shared());
  CHECK(Delays(Column<float>(5, 2.5f))[4] == 2.5);
  CHECK(Delays(Column<float>()).shared());
}

TEST_CASE("drawn delays do not depend on threads, and do on the seed") {
  for (const Distribution& d : {Distribution{DistributionKind::normal, 1.5, 0.75},
                                Distribution{.kind = DistributionKind::uniform, .low = 1, .high = 100}}) {
    set_threads(1);
    const auto one = delays_of(drawn(d).projections()[0]);
    set_threads(3);
    CHECK(delays_of(drawn(d).projections()[0]) == one);
    CHECK(delays_of(drawn(d, 0.1, 6).projections()[0]) != one);
  }
  set_threads(0);
}

TEST_CASE("weights and delays by distance are what the law says") {
  auto placed = [](Distribution weight, Distribution delay) {
    const Positions box{.layout = Positions::Layout::uniform, .extent = {500, 300}};
    Blueprint b;
    b.add(Population{.name = "E", .size = 60, .positions = box});
    b.add(Population{.name = "I", .size = 70, .positions = box});
    b.add(Projection{.name = "p",
                     .source = "E",
                     .target = "I",
                     .connectivity = rule("'all_to_all'"),
                     .weight = weight,
                     .delay = delay});
    return b;
  };
  const Positions box{.layout = Positions::Layout::uniform, .extent = {500, 300}};
  const auto from = coordinates(box, 60, "E", 4), to = coordinates(box, 70, "I", 4);
  struct Case {
    DistanceLaw law;
    double scale;
    std::function<double(double, double)> value;
  };
  for (const Case& c :
       {Case{DistanceLaw::linear, 0.01, [](double v, double d) { return v + 0.01 * d; }},
        Case{DistanceLaw::exponential, 200, [](double v, double d) { return v * std::exp(-d / 200); }},
        Case{DistanceLaw::gaussian, 150, [](double v, double d) { return v * std::exp(-d * d / 45000); }}}) {
    const Distribution two{.mean = 2, .law = c.law, .scale = c.scale};
    const Connectome made = build(placed(two, two), 4, 0.1);
    const SynapseRows& rows = made.projections()[0];
    for (int64_t k = 0; k < rows.size(); ++k) {
      const auto &a = from[size_t(k / 70)], &b = to[size_t(rows.target[k])];
      const double expected = c.value(2, std::hypot(a[0] - b[0], a[1] - b[1]));
      REQUIRE(rows.weight[k] == doctest::Approx(expected).epsilon(1e-6));
      REQUIRE(std::fabs(rows.delay[k] - std::max(0.1, expected)) < 0.0501);
    }
  }
  Blueprint nowhere = one_projection(rule("'all_to_all'"), 5);
  nowhere.graph[*edges(nowhere.graph).first].weight = {.mean = 2, .law = DistanceLaw::linear, .scale = 1};
  CHECK(refusal(nowhere) ==
        "projection 'p': its weight depends on distance, and population 'E' has no positions; add the table "
        "[network.populations.E.positions].");
}

TEST_CASE("delays that no simulation can have are refused") {
  CHECK(refused(Distribution::constant(0.05)) ==
        "projection 'p': its delay is 0.05 ms, shorter than the time step of 0.1 ms.");
  CHECK(refused(Distribution::constant(0.25)) ==
        "projection 'p': its delay is 0.25 ms, and must be a multiple of the time step of 0.1 ms; drawn delays are "
        "rounded, a constant is not.");
  CHECK(contains(refused({DistributionKind::normal, 0.05, 0.01}), "has a mean of 0.05 ms, shorter than the time step"));
  CHECK(contains(refused({DistributionKind::gamma, 0, 1}), "needs a mean other than 0"));
  CHECK(contains(refused({.kind = DistributionKind::uniform, .low = 1}), "needs low and high"));
  CHECK(contains(refused({DistributionKind::normal, 1, 1, 3, 2}), "low above high"));
  CHECK(refused(Distribution::constant(0.3), 0.1) == "");
}

TEST_CASE("Dale's law: a weight of the other sign is refused") {
  auto with = [](Sign sign, const Distribution& weight) {
    Blueprint b = one_projection(rule("'all_to_all'"), 10, 0, weight);
    b.graph[*edges(b.graph).first].sign = sign;
    return refusal(b);
  };
  CHECK(with(Sign::excitatory, Distribution::constant(-1)) ==
        "projection 'p': 100 of its 100 weights are negative, and it is declared excitatory (Dale's law); bound the "
        "weight by low = 0, or leave "
        "`sign` out.");
  CHECK(contains(with(Sign::inhibitory, {DistributionKind::normal, -1, 1}),
                 "weights are positive, and it is declared inhibitory"));
  CHECK(with(Sign::excitatory, {DistributionKind::normal, 1, 1, 0}) == "");
  CHECK(with(Sign::inhibitory, {DistributionKind::normal, -1, 1, -infinite, 0}) == "");
  CHECK(with(Sign::any, {DistributionKind::normal, 0, 1}) == "");
}

TEST_CASE("a network that does not fit into memory is refused before any of it is built") {
  const auto with = [](int32_t size, std::initializer_list<std::string> rules) {
    Blueprint b;
    b.add(Population{.name = "E", .size = size});
    for (const std::string& text : rules)
      b.add(Projection{.name = "P" + std::to_string(b.projections().size()), .source = "E", .target = "E", .connectivity = rule(text)});
    return refusal(b);
  };
  // Together: each would fit.
  const auto outdegree = static_cast<int64_t>(0.75 / 8e7 * static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE)));
  const std::string most = fmt::format("{{ name = 'fixed_outdegree', outdegree = {} }}", outdegree);
  const std::string together = with(10'000'000, {most, most});
  CHECK(contains(together, "the network's "));
  CHECK(contains(together, "of memory, and this machine has"));
  CHECK(contains(together, "make it smaller"));
  // One alone, without counting its synapses one by one.
  for (const char* text : {"{ name = 'pairwise_bernoulli', p = 0.1 }", "{ name = 'all_to_all' }", "{ name = 'fixed_indegree', indegree = 1000000 }"}) {
    const std::string alone = with(2'000'000, {"{ name = 'fixed_outdegree', outdegree = 3 }", text});
    CHECK(contains(alone, "projection 'P1': its synapses, about "));
    CHECK(contains(alone, "of memory, and this machine has"));
  }
}
