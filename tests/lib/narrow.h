/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * narrow.h - for tests with sizes of 64 bits that they have made themselves, and that fit into the
 * size_t of a 32-bit machine: there the compiler need not warn of each. Never for livemend itself.
 */
#ifndef TESTS_NARROW_H
#define TESTS_NARROW_H

#include <stdint.h>

#if SIZE_MAX < UINT64_MAX
#pragma GCC diagnostic ignored "-Wconversion"
#endif

#endif
