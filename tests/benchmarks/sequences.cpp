// How fast does a twin train that sees time go by? One step of causal convolutions on sparse spikes (3 x 64 and 7 x 128, after Beniaguev et al. 2021), of LSTM,
// GRU and RNN, and of a spiking layer, each from the batch's gathering to the optimizer. Beside them PyTorch in the same run, at its best setting and number
// of threads, where it is installed (Debian: python3-torch, and libopenblas0-pthread, without which its recurrent networks take ten times as long). Checks
// its answers: the loss of the last epoch lies below that of the first. `--short` takes seconds and leaves PyTorch out.
#include <cstring>

#include "clocks.hpp"
#include "peer_torch.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/learning/trainer.hpp"

using namespace proxon;
using namespace proxon::bench;

namespace {

struct Network {
  const char* name;
  const char* approximator;
  std::vector<std::pair<const char*, std::vector<int64_t>>> lists;
  std::vector<std::pair<const char*, std::string>> texts;
  int64_t inputs, outputs, steps, batch;
  double spikes;  ///< probability of a spike a channel and bin; 0: Gaussian input
  const char* loss;
  double times;  ///< as fast as PyTorch that it shall be
};

PluginValue value_of(Registry& registry, const Network& network) {
  PluginValue value = plugin_value(registry, "approximator", network.approximator);
  for (const auto& [name, list] : network.lists) value.values.set(*value.values.find(name), list);
  for (const auto& [name, text] : network.texts) value.values.set(*value.values.find(name), text);
  return value;
}

/// Trains and prints milliseconds a step; returns whether the loss fell.
bool measure(Registry& registry, const Network& network, int64_t epochs, std::map<std::string, Aimed>& times) {
  const Key key{1, purpose("benchmark")};
  const int64_t samples = 2 * network.batch;
  MemorySource source(network.inputs, network.outputs, network.steps, 0, network.spikes > 0);
  std::vector<float> X(static_cast<size_t>(samples * network.steps * network.inputs)), Y(static_cast<size_t>(samples * network.steps * network.outputs));
  for (size_t i = 0; i < X.size(); ++i)
    X[i] = network.spikes > 0 ? static_cast<float>(uniform(key, i, 0) < network.spikes) : static_cast<float>(normal(key, i, 0));
  for (size_t i = 0; i < Y.size(); ++i) Y[i] = uniform(key, i, 1) < 0.02 ? 1.f : 0.f;
  source.set(Split::train, std::move(X), std::move(Y));

  const PluginValue rule = plugin_value(registry, "learning_rule", "backprop");
  PluginValue optimizer = plugin_value(registry, "optimizer", "adam");
  optimizer.values.set(*optimizer.values.find("learning_rate"), 1e-4);  // so small that a few steps must lower the loss
  TrainingOptions options;
  options.rule.value = &rule;
  options.optimizer.value = &optimizer;
  options.loss = network.loss;
  options.epochs = epochs;
  options.batch = network.batch;
  Model model(value_of(registry, network), network.inputs, network.outputs);
  initialise(model, options, {}, 1);
  // The best epoch: the machine is shared.
  double at = 0, best = 1e300, first_loss = 0;
  const auto watch = [&](const EpochRecord& epoch) {
    const double now = seconds();
    if (epoch.epoch > 1) best = std::min(best, now - at);
    if (epoch.epoch == 1) first_loss = epoch.train_loss;
    at = now;
  };
  const double loss = train(model, source, options, {}, 1, watch).train_loss;
  const bool right = loss < first_loss;
  fmt::print("{:<28} {} thread(s) {:>9.2f} ms a step   loss {:.4f} -> {:.4f} {}\n", network.name, threads(), best / 2 * 1e3, first_loss, loss, right ? "" : "WRONG");
  Aimed& its = times.try_emplace(network.name, Aimed{1e300, network.times}).first->second;
  its.ms = std::min(its.ms, best / 2 * 1e3);
  std::fflush(stdout);
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  const bool brief = argc > 1 && !std::strcmp(argv[1], "--short");
  Registry registry(default_folders(""));
  const std::vector<int64_t> seven(7, 128);
  const Network networks[] = {
      {"TCN 3 x 64 (54, 24, 24)", "convolutional", {{"filters", {64, 64, 64}}, {"kernel", {54, 24, 24}}}, {}, 1278, 2, 400, 8, 0.012, "bce", 10},
      {"TCN 7 x 128 (45, 19 x 6)", "convolutional", {{"filters", seven}, {"kernel", {45, 19, 19, 19, 19, 19, 19}}}, {}, 1278, 2, 400, 8, 0.012, "bce", 3.5},
      {"LSTM 128", "recurrent", {{"units", {128}}}, {{"cell", "lstm"}}, 64, 8, 200, 32, 0, "mse", 2.3},
      {"LSTM 256", "recurrent", {{"units", {256}}}, {{"cell", "lstm"}}, 64, 8, 200, 32, 0, "mse", 1.6},
      {"GRU 128", "recurrent", {{"units", {128}}}, {{"cell", "gru"}}, 64, 8, 200, 32, 0, "mse", 1.6},
      {"GRU 256", "recurrent", {{"units", {256}}}, {{"cell", "gru"}}, 64, 8, 200, 32, 0, "mse", 1.6},
      {"RNN 128", "recurrent", {{"units", {128}}}, {{"cell", "rnn"}}, 64, 8, 200, 32, 0, "mse", 1.6},
      {"RNN 256", "recurrent", {{"units", {256}}}, {{"cell", "rnn"}}, 64, 8, 200, 32, 0, "mse", 1.6},
      {"spiking 100-256-20", "spiking", {{"units", {256}}}, {}, 100, 20, 100, 64, 0.05, "bce", 8}};
  std::map<std::string, Aimed> times;
  bool right = true;
  for (const int count : {1, 2}) {
    if (brief && count == 1) continue;
    set_threads(count);
    for (const Network& network : networks) right &= measure(registry, network, brief ? 2 : 8, times);
  }
  if (!brief) beside_torch("sequences", times);
  return right ? 0 : 1;
}
