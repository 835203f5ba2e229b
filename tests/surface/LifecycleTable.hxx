#pragma once

#include <string>

/** pool::LIFECYCLE as the table of ARCHITECTURE.md, with a newline after each row. */
std::string RenderLifecycle();
