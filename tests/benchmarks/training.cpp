// How fast does a model train, and predict one sample? One step of three networks, beside what the machine can do (the peak of fused multiply-adds, measured
// in the same run) and beside PyTorch, where it is installed (Debian: python3-torch, libopenblas0-pthread). Checks its answers: the losses fall to a known value, one
// sample is predicted as among others. Best of several trainings: the machine is shared. `--short` takes seconds and leaves PyTorch out.
#include <immintrin.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstring>

#include "clocks.hpp"
#include "peer_torch.hpp"
#include "proxon/base/threads.hpp"
#include "proxon/learning/products.hpp"
#include "proxon/learning/trainer.hpp"

using namespace proxon;
using namespace proxon::bench;

namespace {

#if defined(__AVX512F__)
typedef float Vector [[gnu::vector_size(64)]];
inline Vector multiply_add(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
#else
typedef float Vector [[gnu::vector_size(32)]];
inline Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
#endif

/// GFLOP/s of fused multiply-adds with everything in registers, on all threads.
double peak_gflops() {
  constexpr int64_t rounds = 1'000'000, chains = 12;
  double best = 0;
  for (int repeat = 0; repeat < 20; ++repeat) {
    const double start = seconds();
    parallel(0, [&](const Team&) {
      Vector x[chains], a = Vector{} + 0.999f, b = Vector{} + 1e-3f;
      for (auto& v : x) v = b;
      for (int64_t i = 0; i < rounds; ++i)
#pragma GCC unroll 12
        for (int c = 0; c < chains; ++c) x[c] = multiply_add(x[c], a, b);
      for (auto& v : x) asm volatile("" : : "m"(v));
    });
    best = std::max(best, 2.0 * sizeof(Vector) / sizeof(float) * chains * rounds * threads() / (seconds() - start) / 1e9);
  }
  return best;
}

struct Plugins {
  Registry registry{default_folders("")};
  PluginValue dense(std::vector<int64_t> hidden) {
    PluginValue value = plugin_value(registry, "approximator", "dense");
    value.values.set(*value.values.find("hidden"), std::move(hidden));
    return value;
  }
  PluginValue adam(double rate) {
    PluginValue value = plugin_value(registry, "optimizer", "adam");
    value.values.set(*value.values.find("learning_rate"), rate);
    return value;
  }
};

struct Network {
  const char* name;
  int64_t inputs, outputs;
  std::vector<int64_t> hidden;
  int64_t samples, batch, epochs;
  double rate;
  double loss_below;  ///< the answer: the training loss of the last epoch lies below this
  double times;       ///< as fast as PyTorch that it shall be
};

std::vector<float> gaussian(int64_t n, uint64_t seed) {
  std::vector<float> x(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) x[static_cast<size_t>(i)] = static_cast<float>(normal(Key{seed, purpose("benchmark")}, static_cast<uint64_t>(i), 0));
  return x;
}

/// y_j = tanh(x_j mod inputs).
MemorySource samples_of(const Network& network) {
  MemorySource source(network.inputs, network.outputs);
  std::vector<float> X = gaussian(network.samples * network.inputs, 1), Y;
  for (int64_t s = 0; s < network.samples; ++s)
    for (int64_t j = 0; j < network.outputs; ++j) Y.push_back(std::tanh(X[static_cast<size_t>(s * network.inputs + j % network.inputs)]));
  source.set(Split::train, X, Y);
  return source;
}

/// How a model is trained by backpropagation and Adam.
struct Training {
  PluginValue rule, optimizer;
  TrainingOptions options;
  Training(Plugins& plugins, double rate) : rule(plugin_value(plugins.registry, "learning_rule", "backprop")), optimizer(plugins.adam(rate)) {
    options.rule.value = &rule;
    options.optimizer.value = &optimizer;
  }
  Training(Plugins& plugins, const Network& network) : Training(plugins, network.rate) {
    options.epochs = network.epochs;
    options.batch = network.batch;
  }
  Training(const Training&) = delete;
};

/// Trains and prints; returns whether the answer was right.
bool measure(Plugins& plugins, const Network& network, int repeats, double peak, std::map<std::string, Aimed>& times) {
  MemorySource source = samples_of(network);
  const Training training(plugins, network);

  double best = 1e300, best_cpu = 1e300, loss = 0;
  Model model(plugins.dense(network.hidden), network.inputs, network.outputs);
  for (int repeat = 0; repeat < repeats; ++repeat) {
    initialise(model, training.options, {}, 1);
    // From the end of the first epoch on: what is allocated once a training does not belong to a step.
    double first[2] = {}, last[2] = {};
    const auto watch = [&](const EpochRecord& epoch) {
      double* at = epoch.epoch == 1 ? first : last;
      at[0] = seconds(), at[1] = processor_seconds();
    };
    loss = train(model, source, training.options, {}, 1, watch).train_loss;
    best = std::min(best, last[0] - first[0]);
    best_cpu = std::min(best_cpu, last[1] - first[1]);
  }
  const auto steps = static_cast<double>((network.epochs - 1) * ((network.samples + network.batch - 1) / network.batch));
  const double work = 6.0 * static_cast<double>(network.batch) * static_cast<double>(model.theta().size());  // three products
  const bool right = loss < network.loss_below;
  fmt::print("{:<26} {:>2} thread(s) {:>10.5f} ms a step (processor time {:.4f}) {:>7.1f} GFLOP/s, peak {:.0f}   loss {:.4g} {}\n", network.name, threads(),
             best / steps * 1e3, best_cpu / steps * 1e3, work / (best / steps) / 1e9, peak, loss, right ? "" : "WRONG");
  Aimed& its = times.try_emplace(network.name, Aimed{1e300, network.times}).first->second;
  its.ms = std::min(its.ms, best / steps * 1e3);
  return right;
}

/// What a process has to do that trains once: finds its plugins, trains, says the loss.
int train_and_end(const Network& network) {
  Plugins plugins;
  const Training training(plugins, network);
  Model model(plugins.dense(network.hidden), network.inputs, network.outputs);
  initialise(model, training.options, {}, 1);
  MemorySource source = samples_of(network);
  const double loss = train(model, source, training.options, {}, 1, {}).train_loss;
  fmt::print("loss {:.4g}\n", loss);
  return loss < network.loss_below ? 0 : 1;
}

/// Starts this program with --process and waits until it has ended, some times; returns whether it always ended well.
bool measure_process(const char* program, int repeats, std::map<std::string, Aimed>& times) {
  double best = 1e300;
  bool right = true;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const double start = seconds();
    char* const arguments[] = {const_cast<char*>(program), const_cast<char*>("--process"), nullptr};
    pid_t child = 0;
    int status = posix_spawn(&child, program, nullptr, nullptr, arguments, environ);
    right &= status == 0 && waitpid(child, &status, 0) == child && status == 0;
    best = std::min(best, (seconds() - start) * 1e3);
  }
  fmt::print("{:<26}              {:>10.5f} ms {}\n", "1-2-1, whole process", best, right ? "" : "WRONG");
  times["1-2-1, whole process"] = {best, 200};
  return right;
}

/// Time of predicting one sample, ms; whether it is what it is among others.
bool measure_one_sample(Plugins& plugins, int repeats, std::map<std::string, Aimed>& times) {
  Model model(plugins.dense({256, 256}), 128, 128);
  initialise(model, Training(plugins, 1e-3).options, {}, 1);
  const std::vector<float> X = gaussian(128 * 100, 2), all = model.predict(X);
  std::vector<float> one(128);
  constexpr int calls = 2000;
  double best = 1e300;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    const double start = seconds();
    for (int i = 0; i < calls; ++i) model.predict(std::span(X).subspan(128 * 7, 128), one);
    best = std::min(best, (seconds() - start) / calls * 1e3);
  }
  const bool right = std::equal(one.begin(), one.end(), all.begin() + 128 * 7);
  fmt::print("{:<26} {:>2} thread(s) {:>10.5f} ms, {:.1f} GB/s of weights {}\n", "one sample", threads(), best, 4e-6 * static_cast<double>(model.theta().size()) / best, right ? "" : "WRONG");
  Aimed& its = times.try_emplace("one sample", Aimed{1e300, 2.5}).first->second;
  its.ms = std::min(its.ms, best);
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  const bool brief = argc > 1 && !std::strcmp(argv[1], "--short");
  const Network networks[] = {
      {"1-2-1, batch 16", 1, 1, {2}, 100, 16, 100, 0.01, 0.05, 100},
      {"128-256-256-128, batch 64", 128, 128, {256, 256}, 512, 64, brief ? 3 : 20, 1e-3, brief ? 0.6 : 0.2, 1.2},
      {"1000-2048-2048-1000, 128", 1000, 1000, {2048, 2048}, brief ? 128 : 256, 128, brief ? 4 : 6, 1e-4, 1.0, 1.05}};
  if (argc > 1 && !std::strcmp(argv[1], "--process")) return train_and_end(networks[0]);
  Plugins plugins;
  std::map<std::string, Aimed> times;
  bool right = measure_process(argv[0], brief ? 2 : 20, times);
  for (const int count : {1, 2}) {
    set_threads(count);
    const double peak = peak_gflops();
    for (const Network& network : networks) right &= measure(plugins, network, brief ? 2 : 10, peak, times);
    right &= measure_one_sample(plugins, brief ? 2 : 10, times);
  }
  if (!brief) beside_torch("dense", times);
  return right ? 0 : 1;
}
