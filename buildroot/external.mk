include $(sort $(wildcard $(BR2_EXTERNAL_PAGINGBOX_PATH)/package/*/*.mk))
