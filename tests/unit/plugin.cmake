# SPDX-License-Identifier: Apache-2.0
eese_unit_test(store-db SOURCES store_db.c core_support.c LIBS eese-store-files)
target_compile_definitions(unit-store-db PRIVATE _GNU_SOURCE)
