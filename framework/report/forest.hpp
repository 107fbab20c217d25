// A forest of regression trees (Breiman 2001, doi:10.1023/A:1010933404324) over a table of numbers, and how important each column is to it: the
// shares of the prediction's variance over the space that single columns and pairs of them explain (functional ANOVA on the trees' cells: Hutter,
// Hoos & Leyton-Brown 2014, ICML). Equal tables give equal results.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace proxon::report {

class Forest {
 public:
  /// `x` is [rows x columns], in [0, 1]; NaN (a column that does not apply) counts as -1. `y` is [rows], finite.
  Forest(std::span<const double> x, std::span<const double> y, std::size_t columns, int trees = 32);

  double predict(std::span<const double> x) const;
  /// Share of the variance, for columns drawn evenly from [0, 1], that each column explains by itself; the mean over the trees.
  std::vector<double> importance() const;
  /// 1 - (mean squared error of rows by the trees that have not seen them) / (variance of y): what the forest knows. NaN when y does not vary.
  double r2() const { return r2_; }

 private:
  struct Node {
    int column = -1;  // -1: a leaf
    double at = 0, value = 0;
    int below = 0, above = 0;
  };
  using Tree = std::vector<Node>;
  double predict(const Tree& tree, const double* x) const;
  std::vector<Tree> trees_;
  std::size_t columns_;
  double r2_ = 0;
};

}  // namespace proxon::report
