"""eSpeak NG: the robotic voice that others are held against."""
