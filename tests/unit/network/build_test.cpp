#include <doctest/doctest.h>
#include <malloc.h>

#include <atomic>
#include <cstring>
#include <new>

#include "support.hpp"

using namespace network_test;

// Columns are the only thing that is allocated on cache lines: what they hold at once is counted here.
namespace {
std::atomic<int64_t> held{0}, peak{0};
}
void* operator new(std::size_t n, std::align_val_t alignment) {
  const auto whole = static_cast<size_t>(alignment);
  void* p = std::aligned_alloc(whole, (n + whole - 1) / whole * whole);
  if (!p) throw std::bad_alloc();
  const int64_t now = held += static_cast<int64_t>(malloc_usable_size(p));
  for (int64_t before = peak; before < now && !peak.compare_exchange_weak(before, now);) continue;
  return p;
}
void operator delete(void* p, std::align_val_t) noexcept {
  if (p) held -= static_cast<int64_t>(malloc_usable_size(p));
  std::free(p);
}
void operator delete(void* p, std::size_t, std::align_val_t alignment) noexcept { operator delete(p, alignment); }

namespace {

template <class T>
bool same(const Column<T>& a, const Column<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

bool same(const Connectome& a, const Connectome& b) {
  if (a.projections().size() != b.projections().size()) return false;
  for (size_t i = 0; i < a.projections().size(); ++i) {
    const SynapseRows &x = a.projections()[i], &y = b.projections()[i];
    if (!same(x.offset, y.offset) || !same(x.target, y.target) || !same(x.weight, y.weight) ||
        x.delay.table() != y.delay.table() || !std::ranges::equal(x.delay.codes(), y.delay.codes()) ||
        !std::ranges::equal(x.delay.each(), y.delay.each()))
      return false;
  }
  return true;
}

/// Excitatory and inhibitory neurons, every pair of populations joined by another rule.
Blueprint balanced() {
  Blueprint b;
  b.add(Population{.name = "E", .size = 803});
  b.add(Population{.name = "I", .size = 197});
  const Distribution excitatory{DistributionKind::normal, 0.5, 0.2, 0};
  const Distribution inhibitory{DistributionKind::lognormal, -2, 0.5};
  b.add(Projection{.name = "E_E",
                   .source = "E",
                   .target = "E",
                   .connectivity = rule("{ name = 'pairwise_bernoulli', p = 0.1 }"),
                   .weight = excitatory});
  b.add(Projection{.name = "E_I",
                   .source = "E",
                   .target = "I",
                   .connectivity = rule("{ name = 'fixed_indegree', indegree = 80 }"),
                   .weight = excitatory});
  b.add(Projection{.name = "I_E",
                   .source = "I",
                   .target = "E",
                   .connectivity = rule("{ name = 'fixed_total_number', N = 20000 }"),
                   .weight = inhibitory,
                   .delay = Distribution::constant(1.5)});
  b.add(Projection{.name = "I_I",
                   .source = "I",
                   .target = "I",
                   .connectivity = rule(
                       "{ name = 'fixed_indegree', indegree = 40, allow_autapses = false, allow_multapses = false }"),
                   .weight = inhibitory});
  b.add(Projection{.name = "all",
                   .source = "I",
                   .target = "E",
                   .connectivity = rule("'all_to_all'"),
                   .weight = {.kind = DistributionKind::uniform, .low = -1, .high = 0}});
  b.add(Projection{.name = "one", .source = "E", .target = "E", .connectivity = rule("'one_to_one'")});
  return b;
}

/// A rule made here, to break its promises.
template <class T>
PluginValue made_here() {
  static const auto table = proxon::detail::Kind<connectivity_kind>::make_table<T>();
  static const PluginInfo info{"connectivity", "made_here", {}, &schema_of<typename T::Parameters>(), &table};
  return {"connectivity", "made_here", &info, Values(schema_of<typename T::Parameters>())};
}

template <Axis where>
struct OutOfRange {
  static constexpr Axis axis = where;
  using Parameters = NoParameters;
  OutOfRange(const Parameters&, const ConnectivitySetup&) {}
  template <class Emit>
  void connect(int32_t entity, Random&, Emit&& emit) const {
    emit(entity == 5 ? 10 : 0);
  }
};
template <Axis where>
struct CountsWrong {
  static constexpr Axis axis = where;
  using Parameters = NoParameters;
  CountsWrong(const Parameters&, const ConnectivitySetup&) {}
  int64_t count(int32_t) const { return 2; }
  template <class Emit>
  void connect(int32_t, Random&, Emit&& emit) const {
    emit(0);
  }
};
struct Throws {
  static constexpr Axis axis = Axis::source;
  using Parameters = NoParameters;
  Throws(const Parameters&, const ConnectivitySetup&) {}
  template <class Emit>
  void connect(int32_t entity, Random&, Emit&&) const {
    if (entity == 7) throw std::runtime_error("does not like 7");
  }
};
struct Descending {
  static constexpr Axis axis = Axis::source;
  using Parameters = NoParameters;
  Descending(const Parameters&, const ConnectivitySetup&) {}
  template <class Emit>
  void connect(int32_t, Random&, Emit&& emit) const {
    for (const int32_t j : {9, 3, 3, 0, 9, 1}) emit(j);
  }
};

}  // namespace

TEST_CASE("a network is equal to the bit for any number of threads") {
  const Blueprint blueprint = balanced();
  set_threads(1);
  const Connectome one = build(blueprint, 42);
  CHECK(one.synapses() > 250000);
  for (const int n : {2, 3, 8}) {
    set_threads(n);
    const Connectome other = build(blueprint, 42);
    CHECK(same(one, other));
    CHECK(same(one.transpose().synapse, other.transpose().synapse));
  }
  set_threads(0);
  CHECK_FALSE(same(one, build(blueprint, 43)));
}

TEST_CASE("a projection does not depend on the others beside it") {
  Blueprint alone;
  alone.add(Population{.name = "E", .size = 803});
  alone.add(*[&] {
    static const Blueprint whole = balanced();
    return whole.projections()[0];
  }());
  const Connectome a = build(alone, 42), b = build(balanced(), 42);
  CHECK(same(a.projections()[0].target, b.projections()[0].target));
  CHECK(same(a.projections()[0].weight, b.projections()[0].weight));
}

TEST_CASE("two projections of one rule between the same populations draw apart") {
  Blueprint b =
      one_projection(rule("{ name = 'pairwise_bernoulli', p = 0.5 }"), 100, 0, {DistributionKind::normal, 0, 1});
  b.add(Projection{.name = "q",
                   .source = "E",
                   .target = "E",
                   .connectivity = rule("{ name = 'pairwise_bernoulli', p = 0.5 }"),
                   .weight = {DistributionKind::normal, 0, 1}});
  const Connectome c = build(b, 1);
  CHECK_FALSE(same(c.projections()[0].target, c.projections()[1].target));
  CHECK(c.projections()[0].weight[0] != c.projections()[1].weight[0]);
}

TEST_CASE("rows ascend, numbers are global where they say so, and counts add up") {
  const Connectome c = build(balanced(), 7);
  CHECK(c.neurons() == 1000);
  int64_t synapses = 0;
  for (const SynapseRows& rows : c.projections()) {
    CHECK(rows.first_synapse == synapses);
    synapses += rows.size();
    CHECK(rows.first_source == (rows.name[0] == 'I' || rows.name == "all" ? 803 : 0));
    bool ascends = true;
    for (int32_t i = 0; i < rows.sources; ++i)
      ascends &= std::is_sorted(rows.target.begin() + rows.offset[i], rows.target.begin() + rows.offset[i + 1]);
    CHECK(ascends);
  }
  CHECK(c.synapses() == synapses);
  CHECK(c.population_of(802) == 0);
  CHECK(c.population_of(803) == 1);
  CHECK(c.projections()[2].delay[0] == 1.5);
  CHECK(c.projections()[2].delay.shared());
}

TEST_CASE("a rule may name its partners in any order, and repeats stay as multapses") {
  const Connectome c = build(one_projection(made_here<Descending>(), 2, 10), 1);
  const Column<int32_t> wanted{0, 1, 3, 3, 9, 9, 0, 1, 3, 3, 9, 9};
  CHECK(same(c.projections()[0].target, wanted));
}

TEST_CASE("building holds no more than the network itself: 8 bytes a synapse and a margin of an eighth") {
  for (const char* text : {"{ name = 'pairwise_bernoulli', p = 0.5 }", "{ name = 'fixed_indegree', indegree = 500 }",
                           "{ name = 'fixed_total_number', N = 500000 }", "'all_to_all'"}) {
    const Blueprint blueprint = one_projection(rule(text), 1000, 0, {DistributionKind::normal, 1, 0.1});
    const int64_t before = held;
    peak = before;
    const Connectome c = build(blueprint, 1);
    CHECK(c.bytes() == c.synapses() * 8 + 1001 * 8);
    CHECK(peak - before >= c.bytes());
    // An eighth for the counts of the shares, and the offsets of rows and of targets.
    CHECK(peak - before <= c.bytes() + c.bytes() / 8 + 3 * 1001 * 8);
  }
}

TEST_CASE("the estimate of a size is what building gives") {
  const Blueprint blueprint = balanced();
  const Estimate e = estimate(blueprint, 9);
  const Connectome c = build(blueprint, 9);
  CHECK(e.synapses == c.synapses());
  CHECK(e.bytes == c.bytes());
}

TEST_CASE("a rule that breaks its promise is refused with a sentence, for any number of threads") {
  for (const int n : {1, 3}) {
    set_threads(n);
    const std::string outside =
        "projection 'p': connectivity 'made_here': gave neuron 5 the partner 10, outside a population of 10.";
    CHECK(refusal(one_projection(made_here<OutOfRange<Axis::source>>(), 10, 10)) == outside);
    CHECK(refusal(one_projection(made_here<OutOfRange<Axis::target>>(), 10, 10)) == outside);
    CHECK(contains(refusal(one_projection(made_here<CountsWrong<Axis::source>>(), 10, 10)),
                   "first 2 and then 1 partners"));
    CHECK(contains(refusal(one_projection(made_here<CountsWrong<Axis::target>>(), 10, 10)),
                   "first 2 and then 1 partners"));
    CHECK(refusal(one_projection(made_here<Throws>(), 10, 10)) ==
          "projection 'p': connectivity 'made_here': does not like 7");
  }
  set_threads(0);
}

TEST_CASE("weights and delays that are no numbers are refused") {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinite = std::numeric_limits<double>::infinity();
  auto with = [](Distribution weight) { return refusal(one_projection(rule("'all_to_all'"), 10, 0, weight)); };
  CHECK(with(Distribution::constant(nan)) == "projection 'p': its weight nan is not made of finite numbers.");
  CHECK(contains(with(Distribution::constant(infinite)), "finite"));
  CHECK(contains(with(Distribution::constant(1e39)), "not a finite float"));
  CHECK(contains(with({DistributionKind::normal, 0, nan}), "finite"));
  CHECK(contains(with({DistributionKind::normal, 0, -1}), "finite"));
  CHECK(contains(with({DistributionKind::normal, 0, 1, 2, 1}), "low above high"));
  CHECK(contains(with({DistributionKind::lognormal, 0, 1}), "mean other than 0"));
  CHECK(contains(with({.kind = DistributionKind::uniform}), "needs low and high"));
  for (const double delay : {0.0, -1.0, nan, infinite}) {
    Blueprint b;
    b.add(Population{.name = "E", .size = 3});
    b.add(Projection{.name = "p", .source = "E", .target = "E", .connectivity = rule("'all_to_all'"), .delay = Distribution::constant(delay)});
    CHECK(contains(refusal(b), "projection 'p': its delay is"));
  }
}

TEST_CASE("a blueprint refuses what does not fit together") {
  Blueprint b;
  b.add(Population{.name = "excitatory", .size = 3});
  CHECK_THROWS_WITH(b.add(Population{.name = "excitatory", .size = 3}),
                    "there are two populations called 'excitatory'; rename one of them.");
  CHECK_THROWS_WITH(b.add(Population{.name = "none", .size = 0}),
                    "population 'none' has 0 neurons; it needs at least one.");
  CHECK_THROWS_WITH(b.add(Population{.name = "twins", .size = 2, .neuron_names = {"a", "a"}}),
                    "population 'twins' has two neurons called 'a'.");
  CHECK_THROWS_WITH(b.add(Population{.name = "half", .size = 2, .neuron_names = {"a"}}),
                    "population 'half' has 2 neurons and names 1 of them; name all or none.");
  CHECK_THROWS_WITH(b.add(Population{.name = "huge", .size = 2147483647}),
                    "population 'huge' makes the network larger than 2147483647 neurons.");
  CHECK_THROWS_WITH(b.add(Projection{.name = "p", .source = "excitatory", .target = "exitatory"}),
                    "projection 'p': its target 'exitatory' is not a population. Did you mean 'excitatory'?");
  CHECK_THROWS_WITH(b.population("excitatry"), "there is no population 'excitatry'. Did you mean 'excitatory'?");
  b.add(Projection{.name = "p", .source = "excitatory", .target = "excitatory", .connectivity = rule("'one_to_one'")});
  CHECK_THROWS_WITH(b.add(Projection{.name = "p", .source = "excitatory", .target = "excitatory"}),
                    "there are two projections called 'p'; rename one of them.");
}

TEST_CASE("a population without a synapse is named") {
  Blueprint b = one_projection(rule("{ name = 'pairwise_bernoulli', p = 0.5 }"), 50);
  b.add(Population{.name = "alone", .size = 5});
  b.add(Population{.name = "empty", .size = 5});
  b.add(Projection{.name = "never",
                   .source = "alone",
                   .target = "empty",
                   .connectivity = rule("{ name = 'pairwise_bernoulli', p = 0 }")});
  CHECK(unconnected_populations(build(b, 1)) == std::vector<std::string>{"alone", "empty"});
  CHECK(Connectome().synapses() == 0);
}

TEST_CASE("a connectome of rows that contradict each other is refused") {
  auto with = [](Column<int64_t> offset, Column<int32_t> target, Column<float> weight, Delays delay = {}) {
    std::vector<SynapseRows> rows(1);
    rows[0].name = std::string("p"), rows[0].offset = std::move(offset), rows[0].target = std::move(target);
    rows[0].weight = std::move(weight), rows[0].delay = std::move(delay);
    return Connectome({{"E", 0, 2}}, std::move(rows));
  };
  CHECK(with({0, 1, 2}, {1, 0}, {1, 1}, Delays(Column<float>{1, 2})).synapses() == 2);
  CHECK_THROWS_AS(with({0, 1}, {1}, {1}), Error);
  CHECK_THROWS_AS(with({0, 2, 1}, {1}, {1}), Error);
  CHECK_THROWS_AS(with({0, 2, 2}, {1, 0}, {1, 1}), Error);
  CHECK_THROWS_AS(with({0, 1, 2}, {2, 0}, {1, 1}), Error);
  CHECK_THROWS_AS(with({0, 1, 2}, {-1, 0}, {1, 1}), Error);
  CHECK_THROWS_AS(with({0, 1, 2}, {1, 0}, {1}), Error);
  CHECK_THROWS_AS(with({0, 1, 2}, {1, 0}, {1, 1}, Delays({1, 2}, {1})), Error);
}
