#include "proxon/dataset/samples.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "proxon/base/threads.hpp"
#include "proxon/network/listed.hpp"

namespace proxon {
namespace {

/// The host's side of a SampleSink. An exception of ours must not go through the plugin: the first sentence waits here.
struct Sink {
  SampleRows rows;
  std::string error;

  void widen(int64_t columns, bool text) {
    if (rows.columns == 0) rows.columns = columns, rows.is_text = text;
    if (rows.columns != columns || rows.is_text != text)
      error = fmt::format("{}: its rows differ: {} columns, then {}.", rows.path, rows.columns, columns);
  }
  static Sink& of(void* host) { return *static_cast<Sink*>(host); }
};

std::string_view file_of(const SampleSpec& spec, int split) { return split == 0 ? spec.train : split == 1 ? spec.validation : spec.test; }

bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || is_upper(c) || c >= 0x80; }

/// Capitals, small letters and digits as X, x and 0, runs of one kind as one; others as they are.
std::string shape_of(std::string_view word) {
  std::string shape;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    const char kind = is_upper(byte) ? 'X' : is_letter(byte) ? 'x' : c >= '0' && c <= '9' ? '0' : c;
    if (shape.empty() || shape.back() != kind) shape += kind;
  }
  return shape;
}

constexpr std::string_view unknown_word = "(unknown)";

}  // namespace

std::string SampleRows::where(int64_t row) const {
  if (is_text) return fmt::format("{}:{}", path, line[static_cast<size_t>(row)]);
  return fmt::format("sample {} of {}", row, path);
}

SampleRows read_samples(const PluginValue& reader, const std::string& path) {
  const Instance<ReaderTable, ReaderSetup> instance(reader, ReaderSetup{&reader_services()});
  if (!instance.table().samples) fail("reader '{}' reads networks, and no samples.", reader.name);
  Sink sink;
  sink.rows.path = path;
  const SampleSinkTable table{
      &sink,
      [](void* host, const float* values, int64_t rows, int64_t columns) {
        Sink& s = Sink::of(host);
        if (s.widen(columns, false); !s.error.empty()) return;
        s.rows.numbers.insert(s.rows.numbers.end(), values, values + rows * columns);
        for (int64_t i = 0; i < rows; ++i) s.rows.begin.push_back(s.rows.begin.back() + 1);
      },
      [](void* host, const std::string_view* fields, int64_t columns, int64_t line) {
        Sink& s = Sink::of(host);
        if (s.widen(columns, true); !s.error.empty()) return;
        s.rows.texts.insert(s.rows.texts.end(), fields, fields + columns);
        s.rows.line.push_back(line);
      },
      [](void* host) {
        SampleRows& rows = Sink::of(host).rows;
        if (const auto n = static_cast<int64_t>(rows.line.size()); n > rows.begin.back()) rows.begin.push_back(n);
      }};
  Status status;
  instance.table().samples(instance.object(), path.c_str(), &table, &status);
  check(status, reader.kind, reader.name);
  if (!sink.error.empty()) fail("{}", sink.error);
  if (sink.rows.samples() == 0) fail("{}: holds no sample.", path);
  for (size_t i = 0; i < sink.rows.numbers.size(); ++i)
    if (!std::isfinite(sink.rows.numbers[i]))
      fail("{}: holds a number that is not finite.", sink.rows.where(static_cast<int64_t>(i) / sink.rows.columns));
  return std::move(sink.rows);
}

std::string SampleEncoding::text(const SampleRows& rows, int64_t row) const {
  const auto at = static_cast<size_t>(row * rows.columns + (rows.columns == 1 ? 0 : spec_.column));
  return rows.is_text ? rows.texts[at] : fmt::format("{:g}", rows.numbers[at]);
}

/// The entries of a word: itself, its endings, its shape.
template <class Use>
void SampleEncoding::each_feature(const std::string& word, Use use) const {
  use("word " + word);
  for (int64_t n = 1; n <= std::min<int64_t>(spec_.suffix, static_cast<int64_t>(word.size())); ++n) use("ending " + word.substr(word.size() - static_cast<size_t>(n)));
  if (spec_.shape) use("shape " + shape_of(word));
}

void SampleEncoding::learn(const SampleRows& rows) {
  const auto n = static_cast<int64_t>(rows.begin.back());
  if (spec_.column >= rows.columns) fail("column {} of '{}' is not there: {} has {} columns.", spec_.column, name_, rows.path, rows.columns);
  if (spec_.encoding == "number") {
    if (rows.is_text) fail("'{}' takes its columns as numbers, and {} holds texts: give encoding = \"class\" or \"word\".", name_, rows.path);
    if (spec_.column >= 0 || rows.columns == 1)
      channels_ = {name_};
    else
      for (int64_t c = 0; c < rows.columns; ++c) channels_.push_back(fmt::format("{}[{}]", name_, c));
    return;
  }
  if (spec_.column < 0 && rows.columns > 1) fail("'{}' needs `column`: which of the {} columns of {} is it?", name_, rows.columns, rows.path);

  // What occurs, and how often; in the order of the alphabet, or of numbers.
  std::map<std::string, int64_t> count;
  for (int64_t row = 0; row < n; ++row) {
    if (spec_.encoding == "class")
      ++count[text(rows, row)];
    else
      each_feature(text(rows, row), [&](const std::string& feature) { ++count[feature]; });
  }
  std::vector<std::string> entries;
  for (const auto& [entry, times] : count)
    if (spec_.encoding == "class" || times >= spec_.least) entries.push_back(entry);
  if (spec_.encoding == "class" && !rows.is_text)
    std::sort(entries.begin(), entries.end(), [](const std::string& a, const std::string& b) { return std::stod(a) < std::stod(b); });
  if (spec_.encoding == "word") channels_.emplace_back(unknown_word);
  for (std::string& entry : entries) {
    known_.emplace(entry, static_cast<int32_t>(channels_.size()));
    channels_.push_back(std::move(entry));
  }
}

void SampleEncoding::check_columns(const SampleRows& rows) const {
  const bool all = spec_.encoding == "number" && spec_.column < 0;
  const int64_t needed = all ? static_cast<int64_t>(channels_.size()) : std::max<int64_t>(spec_.column + 1, 1);
  if (all ? rows.columns != needed : rows.columns < needed && rows.columns != 1)
    fail("{}: has {} column{}, and '{}' of the files that the twin was fitted to takes {}.", rows.path, rows.columns, rows.columns == 1 ? "" : "s", name_, needed);
  if (spec_.encoding == "number" && rows.is_text) fail("{}: holds texts, and '{}' takes numbers.", rows.path, name_);
}

void SampleEncoding::encode(const SampleRows& rows, int64_t row, int64_t first, std::vector<int32_t>& channel, std::vector<float>& value) const {
  const auto add = [&](int64_t c, float v) { channel.push_back(static_cast<int32_t>(first + c)), value.push_back(v); };
  if (spec_.encoding == "number") {
    const int64_t begin = spec_.column < 0 ? 0 : spec_.column, width = static_cast<int64_t>(channels_.size());
    for (int64_t c = 0; c < width; ++c)
      if (const float v = rows.numbers[static_cast<size_t>(row * rows.columns + begin + c)]; v != 0) add(c, v * static_cast<float>(spec_.scale));
    return;
  }
  const std::string what = text(rows, row);
  if (spec_.encoding == "class") {
    const auto found = known_.find(what);
    if (found == known_.end())
      fail("{}: the label '{}' of '{}' does not occur in the training file; there are: {}.{}", rows.where(row), what, name_, fmt::join(channels_, ", "),
           did_you_mean(what, channels_));
    return add(found->second, 1);
  }
  const size_t before = channel.size();
  bool is_word = true;
  each_feature(what, [&](const std::string& feature) {
    const auto found = known_.find(feature);
    if (found != known_.end()) add(found->second, 1);
    else if (is_word) add(0, 1);
    is_word = false;
  });
  std::sort(channel.begin() + static_cast<long>(before), channel.end());
}

void LabelledSamples::read_side(const Specs& specs, const std::map<std::string, std::string>& files, const char* what, Side& side,
                                std::vector<std::string>& names) {
  // All files, split by split.
  std::vector<std::vector<SampleRows>> of_split(3);
  for (const auto& [name, spec] : specs)
    for (int split = 0; split < 3; ++split) {
      const std::string key(file_of(spec, split));
      if (key.empty()) continue;
      const auto file = files.find(key);
      if (file == files.end()) {
        std::vector<std::string> known;
        for (const auto& [other, path] : files) known.push_back(other);
        fail("[samples.{}.{}]: {} = \"{}\": there is no table [files.{}]; there are: {}.{}", what, name, split_names[split], key, key,
             fmt::join(known, ", "), did_you_mean(key, known));
      }
      of_split[static_cast<size_t>(split)].push_back(read_samples(*spec.reader.value, file->second));
    }

  // They must hold the same samples.
  for (int split = 0; split < 3; ++split) {
    auto& tables = of_split[static_cast<size_t>(split)];
    const bool first = side.encodings.empty() && places_.empty() && split == 0;
    if (!tables.empty() && tables.size() != specs.size()) fail("[samples.{}]: not every table has a file for '{}'.", what, split_names[split]);
    if (!first && &side == &target_ && tables.empty() != of_file_[split].empty())
      fail("[samples]: inputs and targets must both have a file for '{}', or neither.", split_names[split]);
    if (tables.empty()) continue;
    if (&side == &input_) add_places(tables[0], of_file_[split]);
    for (const SampleRows& rows : tables) check_same(rows, of_file_[split]);
  }

  // What each column can be, and what it is.
  for (size_t t = 0; t < specs.size(); ++t) {
    SampleEncoding& encoding = side.encodings.emplace_back(specs[t].first, specs[t].second);
    encoding.learn(of_split[0][t]);
    for (const std::string& channel : encoding.channels())
      names.push_back(specs.size() == 1 || encoding.kind() == "number" ? channel : specs[t].first + " " + channel);
  }
  for (const auto& tables : of_split)
    if (!tables.empty()) encode(side, tables);
}

void LabelledSamples::add_places(const SampleRows& rows, std::vector<int64_t>& of_file) {
  for (int64_t i = 0; i < rows.samples(); ++i) {
    of_file.push_back(static_cast<int64_t>(places_.size()));
    const int64_t before = places_.empty() ? 0 : places_.back().first_row + places_.back().rows;
    places_.push_back({before, rows.begin[static_cast<size_t>(i) + 1] - rows.begin[static_cast<size_t>(i)]});
  }
}

void LabelledSamples::check_same(const SampleRows& rows, const std::vector<int64_t>& of_file) const {
  if (rows.samples() != static_cast<int64_t>(of_file.size())) fail("{} holds {} samples, and the inputs have {}.", rows.path, rows.samples(), of_file.size());
  for (int64_t i = 0; i < rows.samples(); ++i) {
    const int64_t steps = rows.begin[static_cast<size_t>(i) + 1] - rows.begin[static_cast<size_t>(i)];
    if (const int64_t wanted = places_[static_cast<size_t>(of_file[static_cast<size_t>(i)])].rows; steps != wanted)
      fail("sample {} of {} has {} rows, and the inputs have {}.", i, rows.path, steps, wanted);
  }
}

void LabelledSamples::encode(Side& side, const std::vector<SampleRows>& tables) {
  for (int64_t row = 0; row < tables[0].begin.back(); ++row) {
    int64_t first = 0;
    for (size_t t = 0; t < tables.size(); ++t) {
      side.encodings[t].encode(tables[t], row, first, side.channel, side.value);
      first += static_cast<int64_t>(side.encodings[t].channels().size());
    }
    side.begin.push_back(static_cast<int64_t>(side.channel.size()));
  }
}

void LabelledSamples::ask(const std::vector<std::string>& paths) {
  PROXON_CHECK(paths.size() == input_.encodings.size());
  std::vector<SampleRows> tables;
  for (size_t t = 0; t < paths.size(); ++t) {
    tables.push_back(read_samples(input_.encodings[t].reader(), paths[t]));
    input_.encodings[t].check_columns(tables[t]);
  }
  std::vector<int64_t>& asked = split_[static_cast<size_t>(Split::test)];
  asked.clear();
  add_places(tables[0], asked);
  for (const SampleRows& rows : tables) check_same(rows, asked);
  encode(input_, tables);
  target_.begin.resize(input_.begin.size(), target_.begin.back());  // nothing
  count_steps();
}

/// Steps in time: those of a sequence, or of the exposure.
void LabelledSamples::count_steps() {
  int64_t longest = 1, shortest = places_[0].rows;
  for (const Place& place : places_) longest = std::max(longest, place.rows), shortest = std::min(shortest, place.rows);
  if (longest > 1 && exposure_ > 1) fail("[samples]: exposure shows a sample of one row for several steps, and these have up to {} rows.", longest);
  steps_ = std::max(longest, exposure_);
  varies_ = longest != shortest;
  if (poisson_)
    for (const float v : input_.value)
      if (!(v >= 0 && v <= 1)) fail("[samples]: coding = \"poisson\" takes values as probabilities, and {:g} is none: set `scale` of the inputs.", v);
}

LabelledSamples::LabelledSamples(const SampleOptions& options, const Specs& inputs, const Specs& targets, const std::map<std::string, std::string>& files,
                                 uint64_t seed)
    : exposure_(options.exposure), poisson_(options.coding == "poisson"), bin_(options.bin), key_{seed, purpose("dataset/poisson")} {
  read_side(inputs, files, "inputs", input_, input_names_);
  read_side(targets, files, "targets", target_, output_names_);
  for (const SampleEncoding& encoding : target_.encodings) {
    const int64_t first = target_ranges_.empty() ? 0 : target_ranges_.back().first + target_ranges_.back().second;
    target_ranges_.emplace_back(first, static_cast<int64_t>(encoding.channels().size()));
  }

  sparse_ = poisson_ || std::all_of(input_.encodings.begin(), input_.encodings.end(), [](const SampleEncoding& e) { return e.is_sparse(); });
  count_steps();
  make_splits(options, seed);

  // Mean targets over the training rows.
  std::vector<double> sum(output_names_.size(), 0.0);
  int64_t rows = 0;
  for (const int64_t number : split_[0]) {
    const Place& place = places_[static_cast<size_t>(number)];
    rows += place.rows;
    for (int64_t k = target_.begin[static_cast<size_t>(place.first_row)]; k < target_.begin[static_cast<size_t>(place.first_row + place.rows)]; ++k)
      sum[static_cast<size_t>(target_.channel[static_cast<size_t>(k)])] += static_cast<double>(target_.value[static_cast<size_t>(k)]);
  }
  for (const double s : sum) mean_targets_.push_back(static_cast<float>(s / static_cast<double>(std::max<int64_t>(rows, 1))));
}

void LabelledSamples::make_splits(const SampleOptions& options, uint64_t seed) {
  std::vector<int64_t> drawn = of_file_[0];
  shuffle(drawn, Stream(Key{seed, purpose("dataset/split")}, 0));
  const auto n = static_cast<double>(drawn.size());
  const double shares[] = {0, options.validation, options.test};
  size_t begin = 0;
  for (const int split : {1, 2}) {
    split_[split] = of_file_[split];
    if (!split_[split].empty()) continue;
    const size_t end = std::min(drawn.size(), begin + static_cast<size_t>(std::llround(shares[split] * n)));
    split_[split].assign(drawn.begin() + static_cast<long>(begin), drawn.begin() + static_cast<long>(end));
    begin = end;
  }
  split_[0].assign(drawn.begin() + static_cast<long>(begin), drawn.end());
  for (auto& numbers : split_) std::sort(numbers.begin(), numbers.end());
  if (split_[0].empty()) fail("[samples]: no sample is left to train on: make validation and test smaller.");
}

int64_t LabelledSamples::length(Split split, int64_t number) const {
  return std::max(exposure_, places_[static_cast<size_t>(split_[static_cast<size_t>(split)][static_cast<size_t>(number)])].rows);
}

void LabelledSamples::write_targets(Split split, std::span<const int64_t> numbers, float* Y) const {
  const int64_t steps = steps_of(split, numbers), width = outputs();
  std::fill_n(Y, static_cast<int64_t>(numbers.size()) * steps * width, 0.f);
  for (const int64_t number : numbers) {
    const Place& place = places_[static_cast<size_t>(split_[static_cast<size_t>(split)][static_cast<size_t>(number)])];
    for (int64_t row = 0; row < place.rows; ++row) {
      float* y = Y + (row + exposure_ - 1) * width;
      for (int64_t k = target_.begin[static_cast<size_t>(place.first_row + row)]; k < target_.begin[static_cast<size_t>(place.first_row + row) + 1]; ++k)
        y[target_.channel[static_cast<size_t>(k)]] = target_.value[static_cast<size_t>(k)];
    }
    Y += steps * width;
  }
}

void LabelledSamples::gather(Split split, std::span<const int64_t> numbers, EventList& events, float* Y) {
  const int64_t steps = steps_of(split, numbers);
  events.clear();
  std::vector<uint8_t> spikes;
  for (const int64_t number : numbers) {
    const int64_t sample = split_[static_cast<size_t>(split)][static_cast<size_t>(number)];
    const Place& place = places_[static_cast<size_t>(sample)];
    const auto first = static_cast<size_t>(input_.begin[static_cast<size_t>(place.first_row)]);
    const size_t n = static_cast<size_t>(input_.begin[static_cast<size_t>(place.first_row) + 1]) - first;
    if (poisson_) {
      spikes.assign(n * static_cast<size_t>(steps), 0);
      for (size_t k = 0; k < n; ++k) {
        Stream draws(key_, static_cast<uint64_t>(sample), static_cast<uint64_t>(input_.channel[first + k]));
        const auto below = static_cast<uint64_t>(static_cast<double>(input_.value[first + k]) * 0x1.0p32);
        for (int64_t t = 0; t < exposure_; ++t) spikes[static_cast<size_t>(t) * n + k] = draws.bits() < below;
      }
    }
    for (int64_t t = 0; t < steps; ++t) {
      if (exposure_ > 1 || place.rows == 1) {
        for (size_t k = 0; k < n && t < exposure_; ++k)
          if (!poisson_ || spikes[static_cast<size_t>(t) * n + k]) events.add(input_.channel[first + k], poisson_ ? 1.f : input_.value[first + k]);
      } else if (t < place.rows) {
        const auto row = static_cast<size_t>(place.first_row + t);
        for (auto k = static_cast<size_t>(input_.begin[row]); k < static_cast<size_t>(input_.begin[row + 1]); ++k)
          events.add(input_.channel[k], input_.value[k]);
      }
      events.end_row();
    }
  }
  events.index(inputs());
  write_targets(split, numbers, Y);
}

void LabelledSamples::gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) {
  if (poisson_) {
    EventList events;
    gather(split, numbers, events, Y);
    return events.spread(X, inputs());
  }
  const int64_t steps = steps_of(split, numbers), width = inputs();
  std::fill_n(X, static_cast<int64_t>(numbers.size()) * steps * width, 0.f);
  parallel_for(static_cast<int64_t>(numbers.size()), 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Place& place = places_[static_cast<size_t>(split_[static_cast<size_t>(split)][static_cast<size_t>(numbers[static_cast<size_t>(i)])])];
      for (int64_t t = 0; t < std::max(exposure_, place.rows); ++t) {
        const auto row = static_cast<size_t>(place.first_row + (exposure_ > 1 ? 0 : t));
        float* x = X + (i * steps + t) * width;
        for (auto k = static_cast<size_t>(input_.begin[row]); k < static_cast<size_t>(input_.begin[row + 1]); ++k)
          x[input_.channel[k]] = input_.value[k];
      }
    }
  });
  write_targets(split, numbers, Y);
}

std::string LabelledSamples::describe() const {
  std::string text = fmt::format("labelled samples: {} inputs, {} outputs", inputs(), outputs());
  if (steps_ > 1) text += fmt::format(", {} {} steps", varies_ ? "up to" : "", steps_);
  for (int split = 0; split < 3; ++split)
    text += fmt::format("\n{}: {} samples{}", split_names[split], split_[split].size(), of_file_[split].empty() ? ", drawn from those of train" : "");
  for (const SampleEncoding& encoding : target_.encodings)
    if (encoding.kind() == "class") text += fmt::format("\nclasses of {}: {}", encoding.name(), fmt::join(encoding.channels(), ", "));
  return text + "\n";
}

}  // namespace proxon
