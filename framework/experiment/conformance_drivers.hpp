// One driver a kind of plugin; inside this room only. A driver writes what the plugin breaks as sentences; it throws Error when the plugin
// refuses the parameters that it was given.
#pragma once
#include <bit>

#include "proxon/base/columns.hpp"
#include "proxon/base/random.hpp"
#include "proxon/plugin/registry.hpp"

namespace proxon::conform {

/// The sentences, each said once.
class Findings {
 public:
  template <class... Args>
  void add(fmt::format_string<Args...> sentence, Args&&... args) {
    std::string text = fmt::format(sentence, std::forward<Args>(args)...);
    if (std::find(list_.begin(), list_.end(), text) == list_.end()) list_.push_back(std::move(text));
  }
  /// True when the function reported no failure; adds a sentence else.
  bool ok(const Status& status, std::string_view function) {
    if (status.failed) add("{}() fails: {}", function, status.message.c_str());
    return !status.failed;
  }
  const std::vector<std::string>& list() const { return list_; }

 private:
  std::vector<std::string> list_;
};

/// Equal to the bit, NaN included.
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

inline bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

/// Numbers in [low, high), a function of their position and `salt` alone.
inline std::vector<float> some_numbers(int64_t n, double low, double high, uint32_t salt) {
  std::vector<float> values(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    values[static_cast<size_t>(i)] = static_cast<float>(low + (high - low) * uniform({1, purpose("conformance"), salt}, static_cast<uint64_t>(i), 0));
  return values;
}

/// Pointers to columns of floats, as the tables take them.
inline std::vector<float*> pointers(std::vector<std::vector<float>>& columns) {
  std::vector<float*> all;
  for (auto& column : columns) all.push_back(column.data());
  return all;
}

void neuron(const PluginValue& plugin, Findings& findings);
void synapse(const PluginValue& plugin, Findings& findings);
void stimulus(const PluginValue& plugin, Findings& findings);
void connectivity(const PluginValue& plugin, Findings& findings);
void learning_rule(const PluginValue& plugin, Findings& findings);
void approximator(const PluginValue& plugin, Findings& findings);
void optimizer(const PluginValue& plugin, Findings& findings);
void metric(const PluginValue& plugin, Findings& findings);
void reader(const PluginValue& plugin, Findings& findings);
void sampler(const PluginValue& plugin, Findings& findings);

/// Names, units and meanings of one declaration; `allowed` are the types that its members may have (empty: all).
void declaration(const SchemaInfo& schema, std::string_view what, std::initializer_list<FieldType> allowed, Findings& findings);

}  // namespace proxon::conform
