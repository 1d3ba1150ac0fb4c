# SPDX-License-Identifier: Apache-2.0
# Toolchain of the preset cortex-m4: Debian's gcc-arm-none-eabi, with newlib's headers.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m4)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_AR arm-none-eabi-gcc-ar)
set(CMAKE_RANLIB arm-none-eabi-gcc-ranlib)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# For size, beside -Os: link-time optimisation (the objects are good without it too), copies that
# are calls of memcpy, not loops, and instructions in their first order.
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m4 -mthumb -ffunction-sections -fdata-sections -flto -ffat-lto-objects \
-fno-builtin-memcpy -fno-schedule-insns2 -isystem /usr/include/newlib")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
