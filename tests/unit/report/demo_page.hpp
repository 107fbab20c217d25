// Pages to look at and to test: one with every kind of block, filled with made-up data of the shapes and sizes that a
// report of a spiking network has, and one with the data that break pages: one point, no range, many decades, gaps,
// hostile text, the largest sizes.
#pragma once
#include "proxon/report/page.hpp"

proxon::report::Page demo_page();
proxon::report::Page corner_page();
