#include "proxon/plugin/interface.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <stdexcept>
#include <vector>

#include "proxon/plugin/learning_rule.hpp"

using namespace proxon;

TEST_CASE("a text of fixed size is cut, and always ends") {
  Text<4> text;
  text.assign("abcdef");
  CHECK(std::string(text.c_str()) == "abc");
  text.assign("x");
  CHECK(std::string(text.c_str()) == "x");
  text.assign("");
  CHECK(std::string(text.c_str()).empty());
}

TEST_CASE("whatever is thrown inside becomes a status") {
  Status status;
  detail::guarded(&status, [] {});
  CHECK(status.failed == 0);
  detail::guarded(&status, [] { throw std::runtime_error(std::string(2000, 'x')); });
  CHECK(status.failed == 1);
  CHECK(std::strlen(status.message.c_str()) == 507);
  status = {};
  detail::guarded(&status, [] { throw "a text"; });
  CHECK(status.failed == 1);
}

TEST_CASE("fired neurons are collected in ascending order from any block") {
  for (const int32_t n : {1, 7, 8, 9, 255, 256}) {
    alignas(64) unsigned char flags[256] = {};
    std::vector<int32_t> expected;
    for (int32_t i = 0; i < n; i += 3) flags[i] = 1, expected.push_back(1000 + i);
    int32_t fired[256];
    const int64_t count = detail::collect(flags, n, 1000, fired);
    CHECK(std::vector<int32_t>(fired, fired + count) == expected);
  }
}

namespace {
// Two rules that differ in the hooks that they have, to see which the table says.
struct Both {
  static constexpr Documentation about{.summary = "Counts."};
  using Parameters = NoParameters;
  struct Pre {
    float x;
    static constexpr auto fields() { return std::tuple{field<&Pre::x>("1", "trace")}; }
  };
  struct Post {
    float fast, slow;
    static constexpr auto fields() { return std::tuple{field<&Post::fast>("1", "trace"), field<&Post::slow>("1", "trace")}; }
  };
  Pre tau_pre{10};
  Post tau_post{20, 100};
  Both(const Parameters&, const Step&) {}
  void pre_fired(Pre& pre) const { pre.x = 1; }
  void on_pre(PlainSynapse& s, const Pre& pre, const Post& post) const { s.w += 100 * pre.x + 10 * post.fast + post.slow; }
  void on_post(PlainSynapse& s, const Pre& pre, const Post& post) const { s.w -= 100 * pre.x + 10 * post.fast + post.slow; }
};
struct Activity {
  static constexpr Documentation about{.summary = "Hebb."};
  using Parameters = NoParameters;
  struct Synapse {
    float w, sum;
    static constexpr auto fields() { return std::tuple{field<&Synapse::w>("1", "weight"), field<&Synapse::sum>("1", "sum")}; }
  };
  Activity(const Parameters&, const Step&) {}
  void update(Synapse& s, float pre, float post, const Moment& m) const {
    s.sum += pre * post;
    s.w += m.dt * pre * post + m.signal;
  }
};
template <class T>
LearningRuleTable table() {
  return detail::Kind<learning_rule_kind>::make_table<T>();
}
}  // namespace

TEST_CASE("a rule's table says which hooks it has, its traces and its columns") {
  CHECK(table<Both>().hooks == (hook_on_pre | hook_on_post));
  CHECK(table<Activity>().hooks == hook_update);
  CHECK(table<Both>().pre->count == 1);
  CHECK(table<Both>().post->count == 2);
  CHECK(table<Both>().synapse->count == 1);
  CHECK(table<Activity>().synapse->count == 2);
  CHECK(table<Activity>().pre->count == 0);
  const Both rule({}, {0.1});
  float pre[1], post[2], signal;
  table<Both>().time_constants(&rule, pre, post, &signal);
  CHECK(std::isinf(signal));
  CHECK(pre[0] == 10);
  CHECK(post[0] == 20);
  CHECK(post[1] == 100);
}

TEST_CASE("on_pre sees the source's traces and each target's, on_post the reverse, through any numbering") {
  const Both rule({}, {0.1});
  float x[] = {1, 2, 3}, fast[] = {4, 5, 6}, slow[] = {7, 8, 9}, w[] = {0, 0, 0, 0};
  float *pre[] = {x}, *post[] = {fast, slow};
  float* row[] = {w + 1};
  const int32_t target[] = {2, 0};
  table<Both>().on_pre(&rule, row, target, 2, pre, 1, post);
  CHECK(w[0] == 0);
  CHECK(w[1] == 100 * 2 + 10 * 6 + 9);
  CHECK(w[2] == 100 * 2 + 10 * 4 + 7);
  CHECK(w[3] == 0);
  float* all[] = {w};
  const uint32_t number[] = {3, 0};
  const int32_t source[] = {0, 2};
  table<Both>().on_post(&rule, all, number, source, 2, pre, post, 1);
  CHECK(w[3] == -(100 * 1 + 10 * 5 + 8));
  CHECK(w[0] == -(100 * 3 + 10 * 5 + 8));
}

TEST_CASE("a trace grows by one where the author says nothing, and as the author says otherwise") {
  const Both rule({}, {0.1});
  float x[] = {0.5, 0.5}, fast[] = {0.5, 0.5}, slow[] = {0, 0};
  float *pre[] = {x}, *post[] = {fast, slow};
  const int32_t one[] = {1};
  table<Both>().pre_fired(&rule, pre, one, 1);
  table<Both>().post_fired(&rule, post, one, 1);
  CHECK(x[0] == 0.5f);
  CHECK(x[1] == 1.0f);
  CHECK(fast[1] == 1.5f);
  CHECK(slow[1] == 1.0f);
  CHECK(fast[0] == 0.5f);
}

TEST_CASE("update goes over a row with or without target numbers, and tells dt and signal") {
  const Activity rule({}, {0.1});
  float w[] = {1, 1}, sum[] = {0, 0}, y[] = {2, 3, 4};
  float* columns[] = {w, sum};
  const Moment moment{0.5, 10};
  table<Activity>().update(&rule, columns, nullptr, 2, 2, y, nullptr, 0, nullptr, &moment);
  CHECK(sum[1] == 6);
  CHECK(w[1] == 1 + 0.5f * 6 + 10);
  const int32_t target[] = {2, 2};
  table<Activity>().update(&rule, columns, target, 2, 1, y, nullptr, 0, nullptr, &moment);
  CHECK(sum[0] == 4 + 4);
  CHECK(sum[1] == 6 + 4);
}
