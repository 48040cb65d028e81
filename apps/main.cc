#include <fmt/core.h>

int main() { fmt::print("tokenmill {}\n", TOKENMILL_VERSION); }
