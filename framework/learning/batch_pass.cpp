#include <algorithm>
#include <limits>

#include "proxon/base/threads.hpp"
#include "proxon/learning/steps.hpp"

namespace proxon {

BatchPass::BatchPass(Model& model, const Loss& loss, int64_t batch, uint64_t seed)
    : model_(model), loss_(loss), key_{seed, purpose("learning/dropout")} {
  const auto outputs = static_cast<size_t>(batch * model.outputs());
  X_.resize(static_cast<size_t>(batch * model.inputs()));
  for (Column<float>* column : {&Y_, &z_, &y_, &dz_}) column->resize(outputs);
  const auto& approximator = model.approximator();
  tape_.resize(static_cast<size_t>(approximator.table().tape(approximator.object(), batch)));
  partial_.resize(outputs / static_cast<size_t>(Loss::chunk) + 1);
}

void BatchPass::begin(int64_t rows, int64_t step) {
  rows_ = rows;
  step_ = step;
  loss_.check_targets(Y_.data(), rows * model_.outputs());
}

double BatchPass::forward(bool training) noexcept {
  // Through the layers, up to what the last activation is taken of.
  ForwardPass pass{};
  pass.theta = model_.theta().data();
  pass.input = X_.data();
  pass.output = z_.data();
  pass.tape = tape_.data();
  pass.batch = rows_;
  pass.training = training;
  pass.linear_output = 1;
  pass.step = step_;
  pass.key = key_;
  const auto& approximator = model_.approximator();
  approximator.table().forward(approximator.object(), &learning_services(), &pass, &status_);
  if (status_.failed) return std::numeric_limits<double>::quiet_NaN();

  // Activation, loss and its slope in one go.
  const int64_t n = rows_ * model_.outputs();
  const float scale = static_cast<float>(1 / static_cast<double>(n));
  const auto run = [&](int64_t begin, int64_t end) {
    partial_[static_cast<size_t>(begin / Loss::chunk)] =
        loss_.evaluate(z_.data() + begin, Y_.data() + begin, y_.data() + begin, training ? dz_.data() + begin : nullptr, scale, end - begin);
  };
  if (n <= Loss::chunk)
    run(0, n);
  else
    parallel_for(n, Loss::chunk, run);
  double sum = 0;
  for (int64_t chunk = 0; chunk * Loss::chunk < n; ++chunk) sum += partial_[static_cast<size_t>(chunk)];
  return sum;
}

void BatchPass::backward(const float* feedback, float* gradient) noexcept {
  if (status_.failed) return;
  BackwardPass pass{};
  pass.theta = model_.theta().data();
  pass.feedback = feedback ? feedback : pass.theta;
  pass.input = X_.data();
  pass.output = z_.data();
  pass.output_gradient = dz_.data();
  pass.tape = tape_.data();
  pass.gradient = gradient;
  pass.batch = rows_;
  pass.linear_output = 1;
  const auto& approximator = model_.approximator();
  approximator.table().backward(approximator.object(), &learning_services(), &pass, &status_);
}

}  // namespace proxon
