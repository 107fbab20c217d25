// A page with every kind of block, filled with made-up data of the shapes and sizes that a report of a spiking network has.
#pragma once
#include "proxon/report/page.hpp"

proxon::report::Page demo_page();
