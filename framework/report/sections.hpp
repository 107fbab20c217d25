// The parts of a report, one function each; inside this room only.
#pragma once
#include <optional>

#include "proxon/archive/reader.hpp"
#include "proxon/report/page.hpp"

namespace proxon::report {

Section network_section(const archive::Reader& reader);     ///< populations, projections, degrees, weights
Section samples_section(const archive::Reader& reader);     ///< files, splits, classes of labelled samples
Section activity_section(const archive::Reader& reader);    ///< raster, rates, stimuli, traces
Section fit_section(const archive::Reader& reader);         ///< loss curves
Section prediction_section(const archive::Reader& reader);  ///< target against prediction on the test span
std::optional<Section> weights_section(const archive::Reader& reader);  ///< W_phi against W_theta
Section metrics_section(const archive::Reader& reader);

/// False for an experiment on labelled samples, which has no network.
bool is_simulated(const archive::Reader& reader);

/// A text among the parameters that the archive keeps; "" where there is none.
std::string text_parameter(const archive::Reader& reader, std::string_view object, std::string_view name);

/// A number among the parameters that the archive keeps.
double parameter(const archive::Reader& reader, std::string_view object, std::string_view name, double otherwise);

}  // namespace proxon::report
