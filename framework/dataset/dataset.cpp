#include "proxon/dataset/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "proxon/base/progress.hpp"
#include "proxon/base/random.hpp"
#include "proxon/base/threads.hpp"

namespace proxon {
namespace {

/// Mean and variance of weighted values, one after the other (West 1979, doi:10.1145/359146.359153).
struct Moments {
  double weight = 0, mean = 0, squares = 0;
  void add(double value, double w) {
    weight += w;
    const double step = (value - mean) * w / weight;
    squares += (value - mean) * w * (value - mean - step);
    mean += step;
  }
  double std() const { return weight > 0 ? std::sqrt(squares / weight) : 0; }
};

Normalisation constants(const std::vector<Moments>& moments, bool zscore) {
  Normalisation result;
  for (const Moments& m : moments) {
    const double std = m.std();
    // A spread that rounding alone explains is that of a constant.
    const bool constant = !(std > 1e-7 * std::fabs(m.mean)) || std == 0;
    result.mean.push_back(zscore ? m.mean : 0);
    result.std.push_back(zscore && !constant ? std : 1);
  }
  return result;
}

}  // namespace

Dataset::Dataset(std::unique_ptr<RecordingSource> recording, const DatasetOptions& options,
                 std::span<const ChannelSpec> inputs, std::span<const ChannelSpec> targets, uint64_t seed)
    : recording_(std::move(recording)),
      input_(*recording_, inputs, "input", options.bin),
      target_(*recording_, targets, "target", options.bin),
      n_inputs_(input_.size()),
      n_targets_(target_.size()),
      bin_(options.bin) {
  read_times(options);
  make_parts(options, seed);
  take_constants(options);
}

DatasetTimes dataset_times(const DatasetOptions& options, double recorded_trial, int64_t bins) {
  const double bin = options.bin;
  auto in_bins = [&](double time, const char* name) {
    const double n = time / bin;
    const auto whole = static_cast<int64_t>(std::llround(n));
    if (std::fabs(n - static_cast<double>(whole)) > 1e-6)
      fail("dataset: {} = {} ms is no multiple of bin = {} ms: take {} or {} ms.", name, time, bin,
           std::floor(n) * bin, std::ceil(n) * bin);
    return whole;
  };
  auto at_least_one = [&](double time, const char* name) { return time == 0 ? 1 : in_bins(time, name); };
  DatasetTimes t{};
  t.history = at_least_one(options.history, "history");
  t.horizon = at_least_one(options.horizon, "horizon");
  t.sequence = in_bins(options.sequence, "sequence");
  t.burn_in = in_bins(options.burn_in, "burn_in");
  t.stride = at_least_one(options.stride, "stride");
  t.lag = in_bins(options.lag, "lag");
  t.warm_up = in_bins(options.warm_up, "warm_up");
  t.gap = in_bins(options.gap, "gap");
  t.trial = in_bins(options.trial > 0 ? options.trial : recorded_trial, "trial");
  t.window = t.history + t.lag + t.horizon - 1;

  // Sequences
  if (t.sequence == 0 && t.burn_in > 0)
    fail("dataset: burn_in = {} ms is the begin of a sequence, and samples are none: set sequence, or leave it out.",
         options.burn_in);
  if (t.sequence > 0) {
    if (options.history > 0 || options.horizon > 0)
      fail("dataset: sequence asks for every bin of a sample, history and horizon for windows: leave out one of them.");
    if (options.align == "trial_end")
      fail("dataset: align = \"trial_end\" asks for the end of a trial alone: leave it out, or sequence.");
    if (t.burn_in >= t.sequence)
      fail("dataset: burn_in = {} ms leaves nothing of a sequence of {} ms: make it shorter.", options.burn_in,
           options.sequence);
    t.history = t.horizon = t.sequence;
    t.window = t.sequence + t.lag;
    if (options.stride == 0) t.stride = t.sequence - t.burn_in;
  }

  // What cannot be
  const std::string window =
      t.sequence > 0 ? fmt::format("a sequence of {} ms (lag {})", double(t.sequence) * bin, double(t.lag) * bin) :
      fmt::format("a window of {} ms (history {} + lag {} + horizon {}, less one bin)", double(t.window) * bin,
                  double(t.history) * bin, double(t.lag) * bin, double(t.horizon) * bin);
  if (options.align == "trial_end" && t.trial == 0)
    fail("dataset: align = \"trial_end\" needs trials: give trial, the length of one in ms.");
  if (options.split_by != "time" && t.trial == 0)
    fail("dataset: split_by = \"{}\" needs trials: give trial, the length of one in ms.", options.split_by);
  if (options.split_by == "trial" && t.gap > 0)
    fail("dataset: gap has no meaning with split_by = \"trial\": leave it out.");
  const char* const what_to_shorten = t.sequence > 0 ? "sequence or lag" : "history, lag or horizon";
  if (t.trial > 0 && t.window > t.trial)
    fail("dataset: {} does not fit into a trial of {} ms: shorten {}.", window, double(t.trial) * bin, what_to_shorten);
  if (bins < 1) fail("dataset: bin = {} ms is longer than what was recorded: make it shorter, or record longer.", bin);
  if (t.window + t.warm_up > bins)
    fail("dataset: {} does not fit into the recording of {} ms{}: record longer, or shorten {}.",
         window, double(bins) * bin,
         t.warm_up > 0 ? fmt::format(" after a warm_up of {} ms", double(t.warm_up) * bin) : "", what_to_shorten);
  return t;
}

void Dataset::read_times(const DatasetOptions& options) {
  bins_ = std::min(input_.bins(), target_.bins());
  const DatasetTimes t = dataset_times(options, recording_->trial, bins_);
  history_ = t.history, horizon_ = t.horizon, stride_ = t.stride;
  sequence_ = t.sequence, burn_in_ = t.burn_in;
  target_offset_ = t.lag + (sequence_ ? 0 : history_ - 1);
  sparse_ = sequence_ && options.normalise == "none" && input_.all_spikes();
  warm_up_ = t.warm_up, gap_ = t.gap, trial_ = t.trial, window_ = t.window;
  at_trial_end_ = options.align == "trial_end";

  // The filter of target rates: weights of the bins before, at and after
  if (options.smoothing == 0) return;
  bool any_rate = false;
  for (int64_t c = 0; c < n_targets_; ++c) any_rate |= target_.is_rate(c);
  if (!any_rate) fail("dataset: smoothing acts on target rates, and no target is a rate: leave smoothing out.");
  const bool gaussian = options.smoothing_kernel == "gaussian";
  const double tau = options.smoothing / bin_;
  kernel_before_ = static_cast<int64_t>(std::ceil(tau * (gaussian ? 4 : 9)));
  kernel_after_ = gaussian ? kernel_before_ : 0;
  for (int64_t k = -kernel_before_; k <= kernel_after_; ++k) {
    const double x = static_cast<double>(k) / tau;
    kernel_.push_back(std::exp(gaussian ? -0.5 * x * x : x));
  }
}

void Dataset::make_parts(const DatasetOptions& options, uint64_t seed) {
  const double shares[] = {options.train, options.validation, options.test};
  const double total = shares[0] + shares[1] + shares[2];
  if (total > 1 + 1e-9)
    fail("dataset: train + validation + test = {} + {} + {} = {:.4g}, and must not be above 1.", shares[0], shares[1],
         shares[2], total);

  // The trials; without them the recording is one
  const int64_t begin = std::max({warm_up_, input_.first_bin(), target_.first_bin()});
  const int64_t first_trial = trial_ > 0 ? (begin + trial_ - 1) / trial_ : 0;
  std::vector<int64_t> trials(static_cast<size_t>(trial_ > 0 ? std::max<int64_t>(0, bins_ / trial_ - first_trial) : 1));
  std::iota(trials.begin(), trials.end(), first_trial);
  if (options.split_by == "trial") shuffle(trials, Stream(Key{seed, purpose("dataset/split")}, 0));

  // The pieces of time that are shared out: trials, or the bins of each
  const bool whole_trials = trial_ > 0 && options.split_by != "within_trial";
  const int64_t pieces = whole_trials ? static_cast<int64_t>(trials.size()) : trial_ > 0 ? trial_ : std::max<int64_t>(0, bins_ - begin);
  const int64_t gap_pieces = whole_trials ? (gap_ + trial_ - 1) / trial_ : gap_;
  double share = 0;
  for (size_t s = 0; s < 3; ++s) {
    auto border = [&](double at) { return static_cast<int64_t>(std::llround(at * static_cast<double>(pieces))); };
    const int64_t from = border(share) + (share > 0 && shares[s] > 0 ? gap_pieces : 0);
    share += shares[s];
    const int64_t to = border(share);
    Part& part = parts_[s];
    if (whole_trials) {
      part.bins = trial_;
      for (int64_t i = from; i < to; ++i) part.segments.push_back(trials[static_cast<size_t>(i)] * trial_);
    } else if (from < to) {
      part.bins = to - from;
      for (const int64_t trial : trials) part.segments.push_back(from + (trial_ > 0 ? trial * trial_ : begin));
    }
    std::sort(part.segments.begin(), part.segments.end());
    part.samples = part.bins < window_ ? 0 : at_trial_end_ ? 1 : (part.bins - window_) / stride_ + 1;
    if ((s == 0 || shares[s] > 0) && samples(static_cast<Split>(s)) == 0) {
      if (whole_trials || trials.empty())
        fail("dataset: the {} split ({} of {} trials) holds no trial: record more of them, or raise {}.",
             split_names[s], shares[s], trials.size(), split_names[s]);
      fail(
          "dataset: the {} split ({} of {}{} ms) holds no window of {} ms: record longer, shorten the window, or raise "
          "{}.",
          split_names[s], shares[s], trial_ > 0 ? "the trial's " : "", static_cast<double>(pieces) * bin_,
          static_cast<double>(window_) * bin_, split_names[s]);
    }
    for (const int64_t first : part.segments) segments_.emplace_back(first, first + part.bins);
  }
  std::sort(segments_.begin(), segments_.end());
}

void Dataset::take_constants(const DatasetOptions& options) {
  // Blocks: large where all of them fit into the cache, else a few windows long, since a shuffled batch asks for
  // windows here and there
  const double row_bytes = bytes_of_a_bin();
  const auto rows = static_cast<int64_t>(std::max(1.0, options.cache * 1e6 / row_bytes));
  const int64_t wanted = rows >= bins_ ? 8192 : std::max({int64_t{256}, 4 * window_, kernel_before_ + kernel_after_});
  block_bins_ = std::clamp(rows / 4, int64_t{1}, wanted);
  most_blocks_ = std::max<int64_t>(1, rows / block_bins_);
  blocks_.resize(static_cast<size_t>((bins_ + block_bins_ - 1) / block_bins_));

  // One walk through the recording, bin by bin
  const Part& train = part(Split::train);
  std::vector<Moments> in(static_cast<size_t>(n_inputs_)), out(static_cast<size_t>(n_targets_));
  std::vector<double> total(static_cast<size_t>(n_targets_), 0);
  size_t segment = 0;
  for (int64_t bin = 0; bin < bins_; ++bin) {
    if (bin % block_bins_ == 0) stop_if_interrupted("reading the dataset");
    const Block& rows_of = block(bin / block_bins_);
    const auto row = static_cast<size_t>(bin % block_bins_);
    const float* targets = rows_of.targets.data() + row * out.size();
    for (size_t c = 0; c < out.size(); ++c) total[c] += targets[c];

    // Training bins: how many samples have this bin as a target
    while (segment < train.segments.size() && bin >= train.segments[segment] + train.bins) ++segment;
    if (segment == train.segments.size() || bin < train.segments[segment]) continue;
    const float* inputs = rows_of.inputs.data() + row * in.size();
    for (size_t c = 0; c < in.size() && !sparse_; ++c) in[c].add(inputs[c], 1);
    const int64_t offset = bin - train.segments[segment];
    const int64_t first_target = window(train, 0) - train.segments[0] + target_offset_ + burn_in_;
    const int64_t latest = std::min(train.samples - 1, offset < first_target ? -1 : (offset - first_target) / stride_);
    const int64_t behind = offset - first_target - (horizon_ - burn_in_ - 1);
    const int64_t earliest = behind <= 0 ? 0 : (behind + stride_ - 1) / stride_;
    if (latest < earliest) continue;
    for (size_t c = 0; c < out.size(); ++c) out[c].add(targets[c], static_cast<double>(latest - earliest + 1));
  }
  target_.check_spikes(total);
  input_constants_ = constants(in, options.normalise == "zscore");
  target_constants_ = constants(out, options.normalise_targets == "zscore");
  for (const Moments& m : out) target_mean_.push_back(m.mean);
}

int64_t Dataset::samples(Split split) const {
  return static_cast<int64_t>(part(split).segments.size()) * part(split).samples;
}

int64_t Dataset::window(const Part& part, int64_t number) const {
  const int64_t segment = part.segments[static_cast<size_t>(number / part.samples)];
  return segment + (at_trial_end_ ? part.bins - window_ : number % part.samples * stride_);
}

std::pair<int64_t, int64_t> Dataset::segment_of(int64_t bin) const {
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), std::pair{bin, INT64_MAX});
  if (after == segments_.begin() || bin >= (after - 1)->second) return {bin, bin + 1};
  return *(after - 1);
}

double Dataset::bytes_of_a_bin() const {
  // An event takes 8 bytes; of spikes at 1 ms some hundredths of the channels have one.
  const double inputs = sparse_ ? 8 + 0.4 * static_cast<double>(n_inputs_) : 4 * static_cast<double>(n_inputs_);
  return inputs + 4 * static_cast<double>(n_targets_);
}

void Dataset::gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) {
  if (!sparse_) return gather_rows(split, numbers, X, Y);
  gather(split, numbers, events_, Y);
  events_.spread(X, n_inputs_);
}

void Dataset::gather(Split split, std::span<const int64_t> numbers, EventList& events, float* Y) {
  if (!sparse_) return SampleSource::gather(split, numbers, events, Y);
  gather_rows(split, numbers, nullptr, Y);
  events.clear();
  for (const int64_t number : numbers) {
    const int64_t begin = window(part(split), number);
    for (int64_t bin = begin; bin < begin + sequence_; ++bin) {
      const EventRows& rows = block(bin / block_bins_).events;
      const auto row = static_cast<size_t>(bin % block_bins_);
      for (auto k = static_cast<size_t>(rows.begin[row]); k < static_cast<size_t>(rows.begin[row + 1]); ++k)
        events.add(rows.channel[k], rows.value[k]);
      events.end_row();
    }
  }
  events.index(n_inputs_);
}

void Dataset::gather_rows(Split split, std::span<const int64_t> numbers, float* X, float* Y) {
  const Part& from = part(split);
  const int64_t sample_inputs = steps() * inputs(), sample_outputs = steps() * outputs();
  auto copy = [&](auto&& block_at, size_t i) {
    const int64_t begin = window(from, numbers[i]);
    auto rows = [&](int64_t first, int64_t count, bool input, float* to) {
      const Normalisation& constant = input ? input_constants_ : target_constants_;
      const auto channels = constant.mean.size();
      for (int64_t bin = first; bin < first + count; ++bin) {
        const Block& at = block_at(bin / block_bins_);
        const float* values =
            (input ? at.inputs : at.targets).data() + static_cast<size_t>(bin % block_bins_) * channels;
        for (size_t c = 0; c < channels; ++c)
          to[c] = static_cast<float>((values[c] - constant.mean[c]) / constant.std[c]);
        to += channels;
      }
    };
    if (X) rows(begin, history_, true, X + static_cast<int64_t>(i) * sample_inputs);
    rows(begin + target_offset_, horizon_, false, Y + static_cast<int64_t>(i) * sample_outputs);
  };

  // Everything is in memory: any order, all threads
  if (resident_ == static_cast<int64_t>(blocks_.size()))
    return parallel_for(static_cast<int64_t>(numbers.size()), 8, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        copy([&](int64_t b) -> const Block& { return *blocks_[static_cast<size_t>(b)]; }, static_cast<size_t>(i));
    });

  // In the order of time, so that each block is read once
  std::vector<size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair{numbers[a], a} < std::pair{numbers[b], b};
  });
  for (const size_t i : order) copy([&](int64_t b) -> const Block& { return block(b); }, i);
}

const Dataset::Block& Dataset::block(int64_t number) {
  auto& slot = blocks_[static_cast<size_t>(number)];
  if (!slot) {
    if (resident_ >= most_blocks_) {
      auto oldest = blocks_.end();
      for (auto it = blocks_.begin(); it != blocks_.end(); ++it)
        if (*it && (oldest == blocks_.end() || (*it)->last_use < (*oldest)->last_use)) oldest = it;
      oldest->reset();
      --resident_;
    }
    slot = load(number);
    ++resident_;
  }
  slot->last_use = ++clock_;
  return *slot;
}

std::unique_ptr<Dataset::Block> Dataset::load(int64_t number) const {
  const int64_t begin = number * block_bins_, end = std::min(bins_, begin + block_bins_);
  auto result = std::make_unique<Block>();
  result->targets.resize(static_cast<size_t>((end - begin) * n_targets_));
  if (sparse_) {
    result->events = input_.read_events(*recording_, begin, end);
  } else {
    result->inputs.resize(static_cast<size_t>((end - begin) * n_inputs_));
    input_.read(*recording_, begin, end, result->inputs.data());
  }
  if (kernel_.empty()) {
    target_.read(*recording_, begin, end, result->targets.data());
    return result;
  }
  const int64_t raw_begin = std::max<int64_t>(0, begin - kernel_before_),
                raw_end = std::min(bins_, end + kernel_after_);
  std::vector<float> raw(static_cast<size_t>((raw_end - raw_begin) * n_targets_));
  target_.read(*recording_, raw_begin, raw_end, raw.data());
  smooth(raw, raw_begin, begin, end, result->targets);
  return result;
}

void Dataset::smooth(std::span<const float> raw, int64_t raw_begin, int64_t begin, int64_t end,
                     std::span<float> smoothed) const {
  for (int64_t bin = begin; bin < end; ++bin) {
    const auto [first, last] = segment_of(bin);
    const int64_t from = std::max(first, bin - kernel_before_), to = std::min(last, bin + kernel_after_ + 1);
    for (int64_t c = 0; c < n_targets_; ++c) {
      float& value = smoothed[static_cast<size_t>((bin - begin) * n_targets_ + c)];
      value = raw[static_cast<size_t>((bin - raw_begin) * n_targets_ + c)];
      if (!target_.is_rate(c)) continue;
      double sum = 0, weights = 0;
      for (int64_t other = from; other < to; ++other) {
        const double weight = kernel_[static_cast<size_t>(other - bin + kernel_before_)];
        sum += weight * raw[static_cast<size_t>((other - raw_begin) * n_targets_ + c)];
        weights += weight;
      }
      value = static_cast<float>(sum / weights);
    }
  }
}

std::vector<std::string> Dataset::output_names() const {
  std::vector<std::string> names;
  for (int64_t k = 0; k < (sequence_ ? 1 : horizon_); ++k)
    for (const std::string& name : target_.names())
      names.push_back(k == 0 ? name : fmt::format("{} +{} ms", name, double(k) * bin_));
  return names;
}

double Dataset::sample_time(Split split, int64_t number) const {
  return static_cast<double>(window(part(split), number) + target_offset_ + 1) * bin_;
}

int64_t Dataset::first_new_step(Split split, int64_t number) const {
  if (!sequence_) return 0;
  return number % part(split).samples == 0 ? burn_in_ : std::max(burn_in_, sequence_ - stride_);
}

std::vector<float> Dataset::mean_targets() const {
  std::vector<float> result;
  for (int64_t k = 0; k < outputs(); ++k) {
    const auto c = static_cast<size_t>(k % n_targets_);
    result.push_back(static_cast<float>((target_mean_[c] - target_constants_.mean[c]) / target_constants_.std[c]));
  }
  return result;
}

std::vector<float> Dataset::baseline() const {
  std::vector<float> result;
  for (int64_t k = 0; k < outputs() / n_targets_; ++k) result.insert(result.end(), target_mean_.begin(), target_mean_.end());
  return result;
}

void Dataset::to_units(std::span<float> Y) const {
  const size_t channels = target_constants_.mean.size();
  for (size_t i = 0; i < Y.size(); ++i)
    Y[i] = static_cast<float>(Y[i] * target_constants_.std[i % channels] + target_constants_.mean[i % channels]);
}

std::pair<double, double> Dataset::span(Split split) const {
  const Part& p = part(split);
  if (p.segments.empty()) return {0, 0};
  return {static_cast<double>(p.segments.front()) * bin_, static_cast<double>(p.segments.back() + p.bins) * bin_};
}

archive::Object Dataset::record() const {
  archive::Object object{"dataset/constants", {}};
  object.attributes = {{"input_mean", input_constants_.mean, ""},
                       {"input_std", input_constants_.std, ""},
                       {"target_mean", target_constants_.mean, ""},
                       {"target_std", target_constants_.std, ""},
                       {"baseline", target_mean_, ""},
                       {"input_bins", history_, ""},
                       {"target_bins", horizon_, ""},
                       {"burn_in_bins", burn_in_, ""},
                       {"train_samples", samples(Split::train), ""},
                       {"validation_samples", samples(Split::validation), ""},
                       {"test_samples", samples(Split::test), ""}};
  return object;
}

std::string Dataset::describe() const {
  auto list = [](const std::vector<std::string>& names) {
    std::string text = names.front();
    for (size_t i = 1; i < std::min<size_t>(names.size(), 4); ++i) text += ", " + names[i];
    return names.size() > 4 ? text + fmt::format(", ... {}", names.back()) : text;
  };
  const double bytes = bytes_of_a_bin() * static_cast<double>(bins_);
  const double kept = bytes_of_a_bin() * static_cast<double>(std::min(bins_, most_blocks_ * block_bins_));
  std::string text =
      sequence_ ? fmt::format("inputs   {} channels{}, a step a bin of {} ms, {} steps{}: {}\n", n_inputs_,
                              sparse_ ? " of spikes, as events" : "", bin_, sequence_,
                              burn_in_ ? fmt::format(" of which {} are the burn-in", burn_in_) : "", list(input_.names()))
                : fmt::format("inputs   {} = {} channels x {} bins of {} ms: {}\n", inputs(), n_inputs_, history_, bin_,
                              list(input_.names()));
  text += sequence_ ? fmt::format("outputs  {} channels a step: {}\n", outputs(), list(target_.names()))
                    : fmt::format("outputs  {} = {} channels x {} bins: {}\n", outputs(), n_targets_, horizon_,
                                  list(target_.names()));
  text += fmt::format("samples  {} train, {} validation, {} test", format_count(samples(Split::train)),
                      format_count(samples(Split::validation)), format_count(samples(Split::test)));
  if (trial_ > 0) text += fmt::format("; trials of {} ms", static_cast<double>(trial_) * bin_);
  text += fmt::format("\nmemory   {} of {} of binned recording", format_bytes(kept), format_bytes(bytes));
  return text + "\n";
}

}  // namespace proxon
