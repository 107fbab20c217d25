// Fits M_theta to samples: theta* = argmin loss(M_theta(X), Y) + L1 |W| + L2 W^2 + structural ||W_theta - W_phi||^2, by a gradient rule and an
// optimizer, or by a local rule, layer by layer, on the activities. Losses are means over samples and outputs; the curves show the data
// term alone, so that training and validation compare (the training loss is the mean over the epoch's batches as they were met).
// Regularisers act on weights, not on biases. Everything is equal to the bit for any number of threads.
//
//   Model model(approximator, source.inputs(), source.outputs());
//   initialise(model, options, biology, seed);
//   TrainingResult result = train(model, source, options, biology, seed, [&](const EpochRecord& epoch) { ... });
#pragma once
#include <functional>
#include <memory>

#include "proxon/base/checkpoint.hpp"
#include "proxon/dataset/source.hpp"
#include "proxon/learning/model.hpp"

namespace proxon {

using archive::EpochRecord;

struct TrainingOptions {
  PluginRef rule{"backprop"};
  PluginRef optimizer{"adam"};
  std::string_view loss = "mse";
  int64_t epochs = 100;
  int64_t batch = 32;
  double memory = 0;
  bool shuffle = true;
  double L1 = 0;
  double L2 = 0;
  double gradient_clip = 0;
  int64_t patience = 0;
  std::string_view schedule = "constant";
  int64_t warmup_epochs = 0;
  int64_t step_epochs = 30;
  double step_factor = 0.1;
  double structural = 0;
  std::string_view structural_layer = "";
  bool clamp_output = true;
  std::string_view init = "glorot_uniform";
  std::string_view init_scaling = "fan_in";
  double init_constant = 0.1;
  std::string_view init_recurrent = "same";
  std::string_view output_bias = "zero";
  std::string_view init_archive = "";
  int64_t seed = -1;
  double checkpoint_interval = 60'000;

  static constexpr auto fields() {
    using T = TrainingOptions;
    return std::tuple{
        field<&T::rule>("", "learning rule that changes the weights", plugin_of("learning_rule")),
        field<&T::optimizer>("", "how a gradient moves a weight; local rules need none", plugin_of("optimizer")),
        field<&T::loss>("", "what is minimised, as a mean over samples and outputs; [training.heads.NAME] has others for single targets", one_of(loss_choices)),
        field<&T::epochs>("1", "passes over the training samples", at_least(0)),
        field<&T::batch>("1", "samples a step", at_least(1)),
        field<&T::memory>("1", "megabytes that the activities of a batch may take: a larger one goes in pieces, whose activities are computed once more on the way "
                               "back; gradients of pieces are added up; 0: no limit", at_least(0)),
        field<&T::shuffle>("", "new order of the training samples every epoch"),
        field<&T::L1>("1", "weight of the sum of |w| in the loss", at_least(0)),
        field<&T::L2>("1", "weight of the sum of w^2 in the loss", at_least(0)),
        field<&T::gradient_clip>("1", "largest norm of the whole gradient; longer ones are shortened; 0: off", at_least(0)),
        field<&T::patience>("1", "epochs without a better validation loss after which training ends, with the best weights; 0: off",
                            at_least(0)),
        field<&T::schedule>("", "course of the learning rate", one_of("constant|cosine|step|plateau")),
        field<&T::warmup_epochs>("1", "epochs over which the learning rate rises linearly to its value", at_least(0)),
        field<&T::step_epochs>("1", "schedule step: epochs between two falls of the learning rate; plateau: epochs without a better loss before one", at_least(1)),
        field<&T::step_factor>("1", "schedules step and plateau: factor of each fall", above(0), at_most(1)),
        field<&T::structural>("1", "weight of ||W_theta - W_phi||^2 in the loss", at_least(0)),
        field<&T::structural_layer>("", "layer that the structural term holds on; empty: the first one of W_phi's shape"),
        field<&T::clamp_output>("", "local rules: the post-synaptic activity of the output layer is the target, not the model's output"),
        field<&T::init>("", "how weights begin; biases begin at 0",
                        one_of("connectome|glorot_uniform|glorot_normal|he_normal|lecun_normal|constant")),
        field<&T::init_scaling>("", "init connectome: fan_in scales mean and std of W_phi to a mean square of 1 / inputs; none keeps them",
                                one_of("fan_in|none")),
        field<&T::init_constant>("1", "init constant: the value of all weights"),
        field<&T::init_recurrent>("", "how recurrent weights begin: as the others, or as orthogonal matrices, which keep the length of a state",
                                  one_of("same|orthogonal")),
        field<&T::output_bias>("", "how the biases of the output begin: at 0, or so that the twin begins by giving the mean targets of the training span",
                               one_of("zero|mean")),
        field<&T::init_archive>("", "archive whose twin's parameters training begins with; it must have the same layers", file_name),
        field<&T::seed>("1", "key of the first weights, the order of samples and dropout, so that twins of one recording differ; -1: the experiment's seed",
                        at_least(-1)),
        field<&T::checkpoint_interval>("ms", "wall-clock time between checkpoints, from which `fit --resume` goes on; 0: only one when it is interrupted",
                                       at_least(0))};
  }
};

/// [training.heads.NAME], NAME being that of a table [dataset.targets.NAME]: the loss of those targets.
struct HeadOptions {
  std::string_view loss = "mse";
  double weight = 1;
  static constexpr auto fields() {
    return std::tuple{field<&HeadOptions::loss>("", "what is minimised of these targets, as a mean over samples and channels", one_of(loss_choices), required),
                      field<&HeadOptions::weight>("1", "factor of it in the sum over heads", at_least(0))};
  }
};

/// What is known of the biological weights W_phi. Views: they must live as long as the call.
struct BiologicalWeights {
  std::span<const float> synapses;     ///< of all synapses; init "connectome" takes their mean and standard deviation
  std::span<const float> matrix;       ///< [inputs x outputs] row-major, 0 where there is no synapse; the structural term's W_phi
  int64_t inputs = 0, outputs = 0;     ///< shape of `matrix`
};

struct TrainingResult {
  int64_t epochs = 0;         ///< that were run
  int64_t best_epoch = 0;     ///< 1, 2, ...: the one whose weights the model holds (0: as it was before)
  double train_loss = 0;      ///< of that epoch
  double validation_loss = 0; ///< of that epoch; NaN without validation samples
  std::string ended;          ///< "all 100 epochs", "early stopping after epoch 31"
};

/// Draws the weights anew; each is a function of (seed, layer, position) alone. Init "connectome" draws from the normal distribution with
/// the mean and standard deviation of W_phi; when all of W_phi have one sign (Dale's law) draws of the other sign are drawn again.
/// `mean_targets` (one an output) is what output_bias = "mean" needs; it holds for the model's heads.
void initialise(Model& model, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed,
                std::span<const float> mean_targets = {});

/// How a training is taken up again.
struct Resumption {
  /// Where an earlier one stood, with any number of threads: the rest of the training is equal to the bit to that of one without a break.
  const Checkpoint* from = nullptr;
  /// Called every options.checkpoint_interval, and when the training is interrupted, with what another one needs to go on: between two batches.
  std::function<void(Checkpoint)> keep;
};

/// Trains from the weights that the model has. Calls `each_epoch` after every epoch (epoch = 1, 2, ...). A model without heads gets one over all
/// its outputs, of options.loss.
/// Throws Error for options that do not go together and when the loss is no longer finite; Interrupted on Ctrl-C. In the last two
/// cases the model holds the best epoch's weights (with patience) or those of the last whole epoch.
TrainingResult train(Model& model, SampleSource& source, const TrainingOptions& options, const BiologicalWeights& biology, uint64_t seed,
                     const std::function<void(const EpochRecord&)>& each_epoch = {}, const Resumption& resumption = {});

/// Throws Error where the learning rule is none for models, or has no use for an option: what needs neither model nor samples to be seen.
void check_rule(const TrainingOptions& options);

/// Mean loss of the model's heads over a split, with dropout off; NaN when it has no samples.
double evaluate_loss(const Model& model, SampleSource& source, Split split);

/// Predictions for the samples of a source, a block of samples at a time.
class Predictor {
 public:
  /// Samples that a block may have, so that it has at most 4096 rows and takes some 64 MB at most.
  static int64_t block(const Model& model, const SampleSource& source);
  /// For blocks of up to `most` samples.
  Predictor(const Model& model, const SampleSource& source, int64_t most);
  ~Predictor();
  /// Target and prediction, each [samples x steps x outputs]; predictions of the burn-in mean nothing. They are valid until the next call.
  std::pair<std::span<const float>, std::span<const float>> operator()(SampleSource& source, Split split, std::span<const int64_t> numbers);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The factor on the learning rate in an epoch (0, 1, ...); of plateau its warm-up alone, since its falls follow the loss.
double schedule_factor(const TrainingOptions& options, int64_t epoch);

}  // namespace proxon
