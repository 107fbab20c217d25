#include "proxon/report/forest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "proxon/base/random.hpp"

namespace proxon::report {
namespace {

constexpr std::size_t least_rows = 5;  // of a node that is split

/// The rows of a node, in a stretch of one list.
struct Stretch {
  std::size_t begin, end;
  int node;
};

}  // namespace

Forest::Forest(std::span<const double> x, std::span<const double> y, std::size_t columns, int trees) : columns_(columns) {
  const std::size_t rows = y.size();
  std::vector<double> unseen_sum(rows), unseen_n(rows);
  std::vector<double> clean(x.begin(), x.end());
  for (double& value : clean)
    if (std::isnan(value)) value = -1;

  for (int t = 0; t < trees; ++t) {
    // Rows drawn with replacement.
    Stream stream(Key{static_cast<uint64_t>(t), purpose("forest")}, 0);
    std::vector<std::size_t> sample(rows);
    std::vector<char> seen(rows);
    for (std::size_t& row : sample) row = stream.below(static_cast<uint32_t>(rows)), seen[row] = 1;

    // Each node is split where the squares fall most, over two thirds of the columns.
    Tree tree(1);
    std::vector<Stretch> open{{0, rows, 0}};
    while (!open.empty()) {
      const auto [begin, end, node] = open.back();
      open.pop_back();
      const auto n = static_cast<double>(end - begin);
      double sum = 0;
      for (std::size_t i = begin; i < end; ++i) sum += y[sample[i]];
      tree[static_cast<std::size_t>(node)].value = sum / n;
      if (end - begin < least_rows) continue;
      double best_gain = 1e-12;
      int best_column = -1;
      double best_at = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        if (columns > 2 && stream.uniform() > 2.0 / 3) continue;
        std::sort(sample.begin() + static_cast<long>(begin), sample.begin() + static_cast<long>(end), [&](std::size_t a, std::size_t b) {
          const double u = clean[a * columns + c], v = clean[b * columns + c];
          return u != v ? u < v : a < b;
        });
        double left = 0;
        for (std::size_t i = begin; i + 1 < end; ++i) {
          left += y[sample[i]];
          const double here = clean[sample[i] * columns + c], next = clean[sample[i + 1] * columns + c];
          if (here == next) continue;
          const double k = static_cast<double>(i + 1 - begin), difference = left / k - (sum - left) / (n - k);
          const double gain = k * (n - k) / n * difference * difference;
          if (gain > best_gain) best_gain = gain, best_column = static_cast<int>(c), best_at = 0.5 * (here + next);
        }
      }
      if (best_column < 0) continue;
      const auto middle = std::stable_partition(sample.begin() + static_cast<long>(begin), sample.begin() + static_cast<long>(end), [&](std::size_t row) {
        return clean[row * columns + static_cast<std::size_t>(best_column)] < best_at;
      });
      const auto border = static_cast<std::size_t>(middle - sample.begin());
      const int first = static_cast<int>(tree.size());
      tree.resize(tree.size() + 2);
      Node& parent = tree[static_cast<std::size_t>(node)];
      parent.column = best_column, parent.at = best_at, parent.below = first, parent.above = first + 1;
      open.push_back({begin, border, first}), open.push_back({border, end, first + 1});
    }
    for (std::size_t row = 0; row < rows; ++row)
      if (!seen[row]) unseen_sum[row] += predict(tree, &clean[row * columns]), unseen_n[row] += 1;
    trees_.push_back(std::move(tree));
  }

  double error = 0, variance = 0, mean = std::accumulate(y.begin(), y.end(), 0.0) / static_cast<double>(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    if (unseen_n[row] == 0) continue;
    error += std::pow(y[row] - unseen_sum[row] / unseen_n[row], 2), variance += std::pow(y[row] - mean, 2);
  }
  r2_ = variance > 0 ? 1 - error / variance : NAN;
}

double Forest::predict(const Tree& tree, const double* x) const {
  int node = 0;
  while (tree[static_cast<std::size_t>(node)].column >= 0) {
    const Node& here = tree[static_cast<std::size_t>(node)];
    node = x[here.column] < here.at ? here.below : here.above;
  }
  return tree[static_cast<std::size_t>(node)].value;
}

double Forest::predict(std::span<const double> x) const {
  double sum = 0;
  for (const Tree& tree : trees_) sum += predict(tree, x.data());
  return sum / static_cast<double>(trees_.size());
}

std::vector<double> Forest::importance() const {
  std::vector<double> share(columns_);
  double counted = 0;
  for (const Tree& tree : trees_) {
    // The leaves as boxes in [0, 1]^columns, with their volumes.
    struct Box {
      std::vector<double> low, high;
      double value, volume;
    };
    std::vector<Box> boxes;
    std::vector<std::pair<int, Box>> open{{0, {std::vector<double>(columns_, 0), std::vector<double>(columns_, 1), 0, 1}}};
    while (!open.empty()) {
      auto [node, box] = std::move(open.back());
      open.pop_back();
      const Node& here = tree[static_cast<std::size_t>(node)];
      if (here.column < 0) {
        box.value = here.value, box.volume = 1;
        for (std::size_t c = 0; c < columns_; ++c) box.volume *= box.high[c] - box.low[c];
        if (box.volume > 0) boxes.push_back(std::move(box));
        continue;
      }
      const auto c = static_cast<std::size_t>(here.column);
      Box other = box;
      box.high[c] = std::clamp(here.at, box.low[c], box.high[c]), other.low[c] = box.high[c];
      open.emplace_back(here.below, std::move(box)), open.emplace_back(here.above, std::move(other));
    }
    double mean = 0, variance = 0;
    for (const Box& box : boxes) mean += box.volume * box.value;
    for (const Box& box : boxes) variance += box.volume * std::pow(box.value - mean, 2);
    if (!(variance > 1e-300)) continue;
    counted += 1;
    // The marginal along one column is constant between the borders of the boxes.
    for (std::size_t c = 0; c < columns_; ++c) {
      std::vector<double> borders{0, 1};
      for (const Box& box : boxes) borders.push_back(box.low[c]);
      std::sort(borders.begin(), borders.end());
      borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
      std::vector<double> marginal(borders.size() - 1);
      for (const Box& box : boxes) {
        const double weight = box.value * box.volume / (box.high[c] - box.low[c]);
        for (auto i = static_cast<std::size_t>(std::lower_bound(borders.begin(), borders.end(), box.low[c]) - borders.begin());
             i < marginal.size() && borders[i] < box.high[c]; ++i)
          marginal[i] += weight;
      }
      double explained = 0;
      for (std::size_t i = 0; i < marginal.size(); ++i) explained += (borders[i + 1] - borders[i]) * std::pow(marginal[i] - mean, 2);
      share[c] += explained / variance;
    }
  }
  for (double& s : share) s = counted > 0 ? s / counted : 0;
  return share;
}

}  // namespace proxon::report
