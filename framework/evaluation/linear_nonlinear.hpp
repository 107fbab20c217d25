// A linear-nonlinear cascade (Chichilnisky 2001, Network 12:199, doi:10.1080/713663221): each target is f(w . x), where x are the inputs' recent
// history. w is the least-squares filter with a ridge, whose strength is chosen on the validation span, target by target. f is the mean target as a
// function of w . x over the training span that does not fall: isotonic regression (Ayer et al. 1955, doi:10.1214/aoms/1177728423), drawn linearly from
// level to level and constant beyond the first and last. The mean minimises mse, bce and poisson alike, so one f suits every head; of classes it is
// each class against the rest.
//
// x of a flat sample are its inputs, all bins of its history. Of a sequence they are the inputs of the present bin and the inputs seen through
// exponential filters, which begin at rest with the sample: x_k(t) = e^{-bin / tau_k} x_k(t-1) + x(t).
#pragma once
#include <span>
#include <string>
#include <vector>

#include "proxon/dataset/source.hpp"

namespace proxon {

class LinearNonlinear {
 public:
  /// Weights that a filter may have.
  static constexpr int64_t most_features = 2048;
  /// Why there is none for these samples; "" where there is. `filter`: time constants in ms; empty: 2, 6, 18 and 54 bins.
  static std::string refusal(const NamedSource& source, std::span<const double> filter);

  /// Fits to the training span. Throws Interrupted on Ctrl-C.
  LinearNonlinear(NamedSource& source, std::span<const double> filter);
  /// Of the rows that are asked for, [rows x outputs], normalised as the source's.
  std::vector<float> predict(NamedSource& source, Split split) const;

  /// The filter: [features x outputs], inputs of the present bin first, then those of each time constant.
  const std::vector<float>& filter() const { return filter_; }

 private:
  /// f of one output: its value at ascending places.
  struct Nonlinearity {
    std::vector<double> drive, level;
    double operator()(double x) const;
  };
  struct Moments;
  Moments moments(NamedSource& source, Split split) const;
  void fit_filter(const Moments& training, const Moments& validation);
  void fit_nonlinearity(NamedSource& source);
  /// use(features [rows x features], Y [rows x outputs], rows) of the rows that are asked for, block by block.
  template <class Use>
  void each_block(NamedSource& source, Split split, Use use) const;
  std::vector<float> drives(const std::vector<float>& features, int64_t rows) const;

  int64_t inputs_, outputs_, features_ = 0;
  std::vector<float> shift_;  ///< mean targets, from which everything else is taken
  std::vector<float> decay_;  ///< of each exponential filter in a bin
  std::vector<float> filter_;
  std::vector<double> offset_;         ///< added to w . x, so that it has the targets' mean
  std::vector<double> mean_, spread_;  ///< of w . x + offset, over the training span
  std::vector<Nonlinearity> nonlinearity_;
};

}  // namespace proxon
