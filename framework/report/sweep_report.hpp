// The report of a sweep, from its table alone: how far it came, what was best, which axes mattered and how, what was given up for what, what failed.
#pragma once
#include "proxon/archive/sweep_file.hpp"
#include "proxon/report/page.hpp"

namespace proxon::report {

/// `ranked`: rows that are done, best first; `front`: those that no other beats in all objectives.
Page compose_sweep(const archive::SweepTable& table, const std::vector<std::int64_t>& ranked, const std::vector<std::int64_t>& front,
                   const std::vector<archive::CurvePoint>& curves);

}  // namespace proxon::report
