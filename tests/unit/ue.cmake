# SPDX-License-Identifier: Apache-2.0
foreach(part contact downlink numbers request robust settle)
	eese_unit_test(ue-${part} SOURCES ue_${part}.c ue_support.c LIBS eese-ue)
endforeach()
