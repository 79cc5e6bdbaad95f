// Numbers as people read them. Fixed forms, no locale: the same value gives the same text anywhere.
#pragma once

#include <string>

#include "planner/spec/units.hpp"

namespace reckon {

std::string with_commas(double value, int decimals);  // 2,788.0
std::string scaled(double value);                     // 2.788 M, 180.2 K, 14.80 T, 671.0 B
std::string usd_text(Usd usd);                        // $5.576 M, $119.0 K, $2.00
std::string percent(double share, int decimals);      // 38.94 %
std::string signed_percent(double share);             // +2.6 %
std::string signed_points(double share);              // +1.23 pt
std::string seconds_text(Seconds time);               // 13.95 s, 129.0 ms
std::string days_text(Seconds time);                  // 55.5 days, 6.2 hours
std::string short_days_text(Seconds time);            // 55.5 d, 6.2 h
std::string gib_text(Bytes bytes);                    // 56.4, in GiB

}  // namespace reckon
