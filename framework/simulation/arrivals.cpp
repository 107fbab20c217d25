#include "proxon/simulation/arrivals.hpp"

#include <algorithm>

namespace proxon {
namespace {

void add_up(const ArrivalList& list, float* __restrict to) {
  for (const ArrivalPage* page = list.first; page; page = page->next) {
    for (size_t k = 0; page->next && k < 512; k += cache_line) __builtin_prefetch(reinterpret_cast<const char*>(page->next) + k);
    const Arrival* from = page->arrivals;
    const auto n = page == list.last ? list.end - from : static_cast<std::ptrdiff_t>(ArrivalPage::room);
#pragma GCC unroll 8
    for (std::ptrdiff_t k = 0; k < n; ++k) to[from[k].target] += from[k].input;
  }
}

}  // namespace

void ArrivalPages::reserve(int64_t pages) {
  while (stock_.count < pages) {
    Column<ArrivalPage>& slab = slabs_.emplace_back(made_ < 256 ? 64 : 1024);  // the latter on large pages
    for (ArrivalPage& page : slab) page.next = stock_.free, stock_.free = &page;
    made_ += static_cast<int64_t>(slab.size()), stock_.count += static_cast<int64_t>(slab.size());
  }
}

void ArrivalPages::put_back(ArrivalList& list) {
  for (ArrivalPage* page = list.first; page; ++stock_.count) {
    ArrivalPage* next = page->next;
    page->next = stock_.free, stock_.free = page;
    page = next;
  }
  list = {};
}

Arrivals::Arrivals(RunningPopulation& population, Range own) : population_(population), own_(own), slots_(population.ahead_slots()) {
  for (int32_t port = 0; port < static_cast<int32_t>(population.table().input->count); ++port)
    windows_.emplace_back(population.ahead(port, 0) ? static_cast<size_t>(slots_ + moves) : 0);
}

void Arrivals::take(int64_t step, ArrivalPages& pages) {
  if (slots_ == 0 || own_.size() == 0) return;
  const bool last = now_ == moves;
  for (size_t port = 0; port < windows_.size(); ++port) {
    std::vector<ArrivalList>& window = windows_[port];
    if (window.empty()) continue;
    float* plane = population_.plane(static_cast<int32_t>(port));
    if (step < settled_until_) {
      float* sum = population_.ahead(static_cast<int32_t>(port), step);
      for (int32_t i = own_.begin; i < own_.end; ++i) plane[i] += sum[i], sum[i] = 0;
    }
    add_up(window[static_cast<size_t>(now_)], plane);
    pages.put_back(window[static_cast<size_t>(now_)]);
    if (last) std::rotate(window.begin(), window.begin() + now_ + 1, window.end());
  }
  now_ = last ? 0 : now_ + 1;
}

void Arrivals::settle(int64_t step, ArrivalPages& pages) {
  for (size_t port = 0; port < windows_.size(); ++port)
    for (int64_t d = 0; d < slots_ && !windows_[port].empty(); ++d) {
      ArrivalList& list = windows_[port][static_cast<size_t>(now_ + d)];
      add_up(list, population_.ahead(static_cast<int32_t>(port), step + d));
      pages.put_back(list);
    }
  settled(step);
}

void Arrivals::clear(int64_t step, ArrivalPages& pages) {
  for (size_t port = 0; port < windows_.size(); ++port)
    for (int64_t d = 0; d < slots_ && !windows_[port].empty(); ++d) {
      pages.put_back(windows_[port][static_cast<size_t>(now_ + d)]);
      if (step < settled_until_) std::fill_n(population_.ahead(static_cast<int32_t>(port), step + d) + own_.begin, own_.size(), 0.f);
    }
  settled_until_ = 0;
}

}  // namespace proxon
