// Labelled samples out of files: a source of X and Y for which nothing is simulated. Each table of inputs or targets names the files of its splits
// and one way to read them (a reader plugin); columns become numbers, classes or features of words. What a column can be (labels, vocabulary) is
// taken from the training file alone: an unknown label elsewhere is an error, an unknown word has an entry of its own.
//
// A sample is one row (an image), or a run of rows (the tokens of a sentence), which may differ in length; all tables have the same ones. A sample
// of one row may be shown for `exposure` steps, steadily or as spikes (a Bernoulli draw a step, equal for every epoch), to a twin that sees time
// go by; it is then asked for its answer at the last step. A split without a file is drawn from the training file.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proxon/base/random.hpp"
#include "proxon/dataset/source.hpp"
#include "proxon/schema/values.hpp"

namespace proxon {

/// [samples]
struct SampleOptions {
  double validation = 0.1;
  double test = 0.2;
  int64_t exposure = 1;
  std::string_view coding = "constant";
  double bin = 1;
  static constexpr auto fields() {
    using S = SampleOptions;
    return std::tuple{
        field<&S::validation>("1", "share of the samples of the training files that is looked at while training, where no file holds them", between(0, 1)),
        field<&S::test>("1", "share of them that is held back for evaluation, where no file holds them", between(0, 1)),
        field<&S::exposure>("1", "steps for which a sample of one row is shown; what is asked is the answer at the last of them", at_least(1)),
        field<&S::coding>("", "shown steadily, or as spikes: the value is the probability of one in each step", one_of("constant|poisson")),
        field<&S::bin>("ms", "from a step to the next, for twins with time constants", above(0))};
  }
};

/// [samples.inputs.NAME], [samples.targets.NAME]
struct SampleSpec {
  PluginRef reader;
  std::string_view train = "";
  std::string_view validation = "";
  std::string_view test = "";
  int64_t column = -1;
  std::string_view encoding = "number";
  double scale = 1;
  int64_t least = 1;
  int64_t suffix = 0;
  bool shape = false;
  static constexpr auto fields() {
    using S = SampleSpec;
    return std::tuple{
        field<&S::reader>("", "how the files are read", plugin_of("reader"), required),
        field<&S::train>("", "name of the training file's table [files.NAME]", required),
        field<&S::validation>("", "the same of the samples that are looked at while training; empty: a share of the training file"),
        field<&S::test>("", "the same of those that are held back; empty: a share of the training file"),
        field<&S::column>("1", "column of a row, from 0; -1: all of them", at_least(-1)),
        field<&S::encoding>("", "what a column gives: a number; one of the classes that the training file has; a word of its vocabulary",
                            one_of("number|class|word")),
        field<&S::scale>("1", "number: factor on it"),
        field<&S::least>("1", "word: how often one must occur in the training file; rarer ones share the entry of the unknown", at_least(1)),
        field<&S::suffix>("1", "word: its endings of up to so many letters are entries too", at_least(0)),
        field<&S::shape>("", "word: its shape is an entry too (\"McDonald's\" is XxXxx'x: capitals, small letters, digits, others)")};
  }
};

/// The rows of one file.
struct SampleRows {
  std::string path;
  int64_t columns = 0;
  bool is_text = false;
  std::vector<float> numbers;      ///< [rows x columns]
  std::vector<std::string> texts;  ///< [rows x columns], where they are texts
  std::vector<int64_t> line;       ///< of each row of texts
  std::vector<int64_t> begin{0};   ///< rows of sample i are [begin[i], begin[i + 1])
  int64_t samples() const { return static_cast<int64_t>(begin.size()) - 1; }
  /// "train.conll:17" or "sample 17 of train-labels", for messages.
  std::string where(int64_t row) const;
};

/// Reads a file of samples. Throws Error with one sentence that names the file.
SampleRows read_samples(const PluginValue& reader, const std::string& path);

/// What a column gives of each row: its channels, and which of them are not 0.
class SampleEncoding {
 public:
  SampleEncoding(std::string name, const SampleSpec& spec) : name_(std::move(name)), spec_(spec) {}
  /// Takes the classes or the vocabulary from the training rows. Throws Error.
  void learn(const SampleRows& rows);
  /// Throws Error when another file has not the columns that it takes.
  void check_columns(const SampleRows& rows) const;
  const std::vector<std::string>& channels() const { return channels_; }
  /// Classes and words: one channel, or some, are 1.
  bool is_sparse() const { return spec_.encoding != "number"; }
  const std::string& name() const { return name_; }
  std::string_view kind() const { return spec_.encoding; }
  const PluginValue& reader() const { return *spec_.reader.value; }
  /// Adds what is not 0 of a row, channels ascending from `first`. Throws Error for a label that the training rows lack.
  void encode(const SampleRows& rows, int64_t row, int64_t first, std::vector<int32_t>& channel, std::vector<float>& value) const;

 private:
  std::string text(const SampleRows& rows, int64_t row) const;
  template <class Use>
  void each_feature(const std::string& word, Use use) const;

  std::string name_;
  SampleSpec spec_;
  std::vector<std::string> channels_;
  std::map<std::string, int32_t, std::less<>> known_;
};

class LabelledSamples : public NamedSource {
 public:
  using Specs = std::vector<std::pair<std::string, SampleSpec>>;
  /// Reads all files; `files` has their paths by the names of their tables. `seed` is for what is drawn: splits and spikes. Throws Error with one
  /// sentence: a file that is no such file (with its line), tables that differ in their samples, a label that the training file lacks.
  LabelledSamples(const SampleOptions& options, const Specs& inputs, const Specs& targets, const std::map<std::string, std::string>& files, uint64_t seed);

  /// Puts samples of which nobody knows the targets in place of the test split's: `paths` has a file a table of inputs, in their order. Throws Error.
  void ask(const std::vector<std::string>& paths);
  /// What columns of inputs and targets can be.
  const std::vector<SampleEncoding>& input_encodings() const { return input_.encodings; }
  const std::vector<SampleEncoding>& target_encodings() const { return target_.encodings; }

  int64_t inputs() const override { return static_cast<int64_t>(input_names_.size()); }
  int64_t outputs() const override { return static_cast<int64_t>(output_names_.size()); }
  int64_t steps() const override { return steps_; }
  int64_t burn_in() const override { return exposure_ - 1; }
  bool varies() const override { return varies_; }
  int64_t length(Split split, int64_t number) const override;
  bool sparse() const override { return sparse_; }
  std::vector<float> mean_targets() const override { return mean_targets_; }
  int64_t samples(Split split) const override { return static_cast<int64_t>(split_[static_cast<size_t>(split)].size()); }
  void gather(Split split, std::span<const int64_t> numbers, float* X, float* Y) override;
  void gather(Split split, std::span<const int64_t> numbers, EventList& events, float* Y) override;

  std::vector<std::string> output_names() const override { return output_names_; }
  std::vector<std::pair<int64_t, int64_t>> target_ranges() const override { return target_ranges_; }
  double bin() const override { return bin_; }
  /// Samples have no common clock: each begins anew.
  double sample_time(Split, int64_t) const override { return bin_; }
  std::vector<float> baseline() const override { return mean_targets_; }
  std::string describe() const override;

 private:
  /// What is not 0 of the rows of all files, one after the other.
  struct Side {
    std::vector<SampleEncoding> encodings;
    std::vector<int64_t> begin{0};
    std::vector<int32_t> channel;
    std::vector<float> value;
  };
  struct Place {
    int64_t first_row, rows;
  };
  void read_side(const Specs& specs, const std::map<std::string, std::string>& files, const char* what, Side& side, std::vector<std::string>& names);
  void add_places(const SampleRows& rows, std::vector<int64_t>& of_file);
  void check_same(const SampleRows& rows, const std::vector<int64_t>& of_file) const;
  static void encode(Side& side, const std::vector<SampleRows>& tables);
  void count_steps();
  void make_splits(const SampleOptions& options, uint64_t seed);
  void write_targets(Split split, std::span<const int64_t> numbers, float* Y) const;

  Side input_, target_;
  std::vector<std::string> input_names_, output_names_;
  std::vector<std::pair<int64_t, int64_t>> target_ranges_;
  std::vector<Place> places_;                           ///< of all samples of all files
  std::vector<int64_t> of_file_[3];                     ///< the samples of each split's own file
  std::vector<int64_t> split_[3];                       ///< their numbers, split by split
  std::vector<float> mean_targets_;
  int64_t steps_ = 1, exposure_ = 1;
  bool varies_ = false, sparse_ = false, poisson_ = false;
  double bin_ = 1;
  Key key_;
};

}  // namespace proxon
