#include <proxon/plugin/learning_rule.hpp>

using namespace proxon;

struct sanger {
  static constexpr Documentation about{
      .summary = "Sanger's generalised Hebbian algorithm: the weights of linear targets become the principal components of the input, in the order of "
                 "the targets.",
      .equation = "dw_ij/dt = eta y_j (x_i - sum_{k<=j} w_ik y_k), i the source, j and k its targets in their order;  in the layers of an "
                  "approximator dt is 1 a sample",
      .reference = "Sanger 1989, Neural Networks 2:459, doi:10.1016/0893-6080(89)90044-0"};

  struct Parameters {
    double eta = 1e-3;
    static constexpr auto fields() { return std::tuple{field<&Parameters::eta>("1", "learning rate, per ms")}; }
  };

  struct Row {
    float explained = 0;  ///< sum_{k<=j} w_ik y_k
  };

  float eta;

  sanger(const Parameters& p, const Step&) : eta(float(p.eta)) {}

  void update(PlainSynapse& s, float x, float y, Row& row, const Moment& m) const {
    row.explained += s.w * y;
    s.w += m.dt * eta * y * (x - row.explained);
  }
};

PROXON_PLUGIN(learning_rule, sanger, sanger)
